"""A week's drift check against 26 stored weeks beside Evidently's DataDriftPreset on the same rows, as a ratio.

`python -m benchmarks.drift_speed [rows] [samples]`. The product's side reads 28 stored profiles, asks the domain
classifier and judges; Evidently's has its rows in memory already. Both sides take turns in one process.
"""

import json
import statistics
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drift_world import NAMES, NUMBERS, WOBBLE, Week, columns, first_bins, make_week
from leadscore_assets.domain.bins import Bins
from leadscore_assets.domain.bundle import json_bytes
from leadscore_assets.domain.domain_classifier import separability
from leadscore_assets.domain.drift import DriftQuestion, DriftReport, judge_drift
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.profiles import Profile
from leadscore_assets.domain.separation import separation

WEEKS = 28
FIRST = date(2024, 1, 1)


def stored_weeks(rows: int, folder: Path) -> tuple[list[Week], Bins]:
    """Make 28 weeks, store their profiles, and return the last two weeks."""
    draw = np.random.default_rng(8)
    bins = first_bins(10_000, draw)
    (folder / "bins.json").write_bytes(json_bytes(bins.to_json()))
    weeks = []
    for place in range(WEEKS):
        week = make_week(rows, draw, bins, wobble=WOBBLE)
        (folder / f"{place:02d}.json").write_bytes(json_bytes(week.profile.to_json()))
        weeks = [*weeks[-1:], week]
    return weeks, bins


def product(folder: Path, weeks: list[Week]) -> Callable[[], DriftReport]:
    """Check the last week against the one before it and the 26 before that."""

    def run() -> DriftReport:
        bins = Bins.from_json(json.loads((folder / "bins.json").read_bytes()))
        files = [folder / f"{place:02d}.json" for place in range(WEEKS)]
        *past, now = [Profile.from_json(json.loads(file.read_bytes())) for file in files]
        auc, _ = separability(weeks[1].sample, weeks[0].sample)
        remembered = [0.53 + 0.01 * (place % 3) for place in range(26)]
        found = separation(auc, remembered, size=2000, features=[], policy=DriftPolicy())
        return judge_drift(
            DriftQuestion(FIRST + timedelta(weeks=1), now, past[-1], (FIRST,), past, bins, separation=found),
            DriftPolicy(),
        )

    return run


def evidently(weeks: list[Week]) -> Callable[[], Any]:
    """Run Evidently's preset on both weeks' rows."""
    import pandas as pd
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(numerical_columns=list(NAMES[:NUMBERS]), categorical_columns=list(NAMES[NUMBERS:]))
    frames = [
        pd.DataFrame({name: column.values for name, column in columns(week.hidden).items()}).astype(
            dict.fromkeys(NAMES[NUMBERS:], str)
        )
        for week in reversed(weeks)
    ]

    def run() -> Any:
        sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in frames]
        return Report([DataDriftPreset()]).run(*sides)

    return run


def seconds(run: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def main() -> None:
    """Print both sides' seconds and their ratio."""
    given = [int(word) for word in sys.argv[1:]]
    rows, samples = (*given, 100_000)[0], (*given[1:], 2)[0]
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        weeks, _ = stored_weeks(rows, Path(name))
        sides = {"product": product(Path(name), weeks), "Evidently": evidently(weeks)}
        sides["product"]()
        found: dict[str, list[float]] = {side: [] for side in sides}
        for _ in range(samples):
            for side, run in sides.items():
                found[side].append(seconds(run))
    middle = {side: statistics.median(values) for side, values in found.items()}
    spans = "; ".join(f"{side} {middle[side]:.2f} s [{min(v):.2f} to {max(v):.2f}]" for side, v in found.items())
    print(f"{rows:,} rows a side, 50 features: {spans}; {middle['Evidently'] / middle['product']:.0f} times the speed")


if __name__ == "__main__":
    main()
