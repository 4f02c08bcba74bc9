"""The weekly loop's steps beside what a user would write instead, as ratios in one run.

Each sample is a fresh process; the two sides take turns; medians with their range. Run it with
`python -m benchmarks.weekly_loop [rows] [samples]` and read the ratios, not the seconds.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

SIDES = ("product", "usual")


def read_and_check_product(folder: Path) -> Callable[[], object]:
    """Read a week and check every rule of the contract."""
    import pyarrow.parquet as pq

    from leadscore_assets.domain.contract import default_contract
    from leadscore_assets.domain.validation import validate_week

    contract = default_contract()
    return lambda: validate_week(pq.read_table(folder / "week.parquet"), contract)


def read_and_check_usual(folder: Path) -> Callable[[], object]:
    """The same rules as a loop over a pandas frame's columns."""
    import pandas as pd

    from leadscore_assets.domain.contract import default_contract

    contract = default_contract()

    def run() -> int:
        frame = pd.read_parquet(folder / "week.parquet")
        bad = frame[contract.key].isna() | frame[contract.created_at].isna()
        bad |= ~frame[contract.label].between(contract.label_minimum, contract.label_maximum)
        for feature in contract.features:
            column = frame[feature.name]
            bad |= column.isna() if not feature.missing else False
            if feature.kind in ("numeric", "integer"):
                bad |= (column < feature.minimum) | (column > feature.maximum)
            if feature.levels and not feature.open_levels:
                bad |= column.notna() & ~column.isin(feature.levels)
        kept = frame[~bad].drop_duplicates(contract.key, keep="last").sort_values([contract.created_at, contract.key])
        return len(kept)

    return run


def train_product(folder: Path) -> Callable[[], object]:
    """Train a bundle: features, booster, calibrator, bands, profile and golden rows."""
    import pyarrow.parquet as pq

    from leadscore_assets.domain.contract import default_contract
    from leadscore_assets.domain.policy import Policy
    from leadscore_assets.domain.training import train_bundle

    contract, policy = default_contract(), Policy()

    def run() -> object:
        table = pq.read_table(folder / "week.parquet")
        cut = table.num_rows * 5 // 6
        return train_bundle(table.slice(0, cut), table.slice(cut), contract=contract, policy=policy, lineage={})

    return run


def train_usual(folder: Path) -> Callable[[], object]:
    """Train the same booster from a pandas frame with native categories, and nothing beside it."""
    import pandas as pd
    import xgboost

    from leadscore_assets.domain.contract import default_contract
    from leadscore_assets.domain.training_policy import TrainingPolicy
    from leadscore_assets.domain.xgboost_trees import boosting_parameters

    contract, policy = default_contract(), TrainingPolicy()

    def run() -> object:
        frame = pd.read_parquet(folder / "week.parquet")
        inputs = frame[list(contract.names)].copy()
        for feature in contract.features:
            if feature.kind == "categorical":
                inputs[feature.name] = inputs[feature.name].astype("category")
            elif feature.kind == "timestamp":
                inputs[feature.name] = (frame[contract.created_at] - inputs[feature.name]).dt.total_seconds()
            elif inputs[feature.name].dtype == object:
                inputs[feature.name] = inputs[feature.name].astype(float)
        cut = len(frame) * 5 // 6
        labels = frame[contract.label].astype(float)
        parts = [
            xgboost.DMatrix(inputs[at], labels[at], enable_categorical=True) for at in (slice(0, cut), slice(cut, None))
        ]
        return xgboost.train(
            boosting_parameters(policy) | {"objective": "reg:squarederror"},
            parts[0],
            policy.rounds,
            evals=[(parts[1], "validation")],
            early_stopping_rounds=policy.early_stopping_rounds,
            verbose_eval=False,
        )

    return run


CASES = {
    "read and check a week": (read_and_check_product, read_and_check_usual),
    "train a week": (train_product, train_usual),
}


def sample(case: str, side: str, folder: Path) -> dict[str, float]:
    """Run one side of a case in this process and return its seconds and its peak memory in MB."""
    run = CASES[case][SIDES.index(side)](folder)
    started = time.perf_counter()
    run()
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def make_week(rows: int, folder: Path) -> None:
    """Write generated leads until there are enough."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from leadscore_assets.domain.contract import default_contract
    from leadscore_assets.domain.generator import generate_week

    parts: list[Any] = []
    while sum(part.num_rows for part in parts) < rows:
        week = date(2026, 1, 5) + timedelta(weeks=len(parts))
        parts.append(generate_week(week, contract=default_contract(), seed=42))
    pq.write_table(pa.concat_tables(parts).slice(0, rows), folder / "week.parquet", compression="zstd")


def main() -> None:
    """Print a table of medians and ratios."""
    if sys.argv[1:2] == ["--sample"]:
        case, side, folder = sys.argv[2:5]
        print(json.dumps(sample(case, side, Path(folder))))
        return
    given = [int(word) for word in sys.argv[1:]]
    rows, samples = (*given, 100_000, 3)[0], (*given[1:], 3)[0]
    with tempfile.TemporaryDirectory() as name:
        make_week(rows, Path(name))
        print(f"{rows:,} rows of 50 features, {samples} samples a side")
        for case in CASES:
            print(report(case, measured(case, Path(name), samples)))


def measured(case: str, folder: Path, samples: int) -> dict[str, list[dict[str, float]]]:
    """Take samples of both sides in turn, each in a fresh process."""
    found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    for _ in range(samples):
        for side in SIDES:
            program = [sys.executable, "-m", "benchmarks.weekly_loop", "--sample", case, side, str(folder)]
            done = subprocess.run(program, capture_output=True, text=True, check=True)
            found[side].append(json.loads(done.stdout.splitlines()[-1]))
    return found


def report(case: str, found: dict[str, list[dict[str, float]]]) -> str:
    """Return one case as a line: medians, ranges and ratios of the usual way to the product."""
    ratios = {
        what: statistics.median(usual[what] / mine[what] for mine, usual in zip(*found.values(), strict=True))
        for what in ("seconds", "mb")
    }
    mine, usual = ([item["seconds"] for item in found[side]] for side in SIDES)
    return (
        f"{case}: {statistics.median(mine):.2f} s [{min(mine):.2f} to {max(mine):.2f}] against "
        f"{statistics.median(usual):.2f} s [{min(usual):.2f} to {max(usual):.2f}]; "
        f"{ratios['seconds']:.1f} times the speed at {1 / ratios['mb']:.2f} times the memory"
    )


if __name__ == "__main__":
    main()
