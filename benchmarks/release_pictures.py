"""The picture of the release benchmark: evidence along a release, and what each way to find a winner costs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.release_arms import LEADS, PAIRS
from benchmarks.release_paths import errors_path
from benchmarks.release_world import Truth, minutes
from leadscore_assets.domain.release_policy import ReleasePolicy

COLOURS = ("#1565c0", "#a85b00", "#14743b", "#8c2f39")
CASES = {
    "healthy, 0.5 %": Truth(),
    "shared outage": Truth(outage=30),
    "candidate 4 %": Truth(candidate=0.04),
    "candidate 10 %": Truth(candidate=0.10),
}


def draw(folder: Path, regret: Mapping[str, Sequence[float]]) -> None:
    """Write release_evidence.png: log10 of the errors guard's evidence by hour, and conversions lost by strategy."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.8), dpi=120, layout="constrained")
    left, right = figure.subplots(1, 2)
    _evidence(left)
    _regret(right, regret)
    left.legend(frameon=False, fontsize=8, loc="center right", bbox_to_anchor=(1.0, 0.45))
    right.legend(frameon=False, fontsize=8)
    for panel in (left, right):
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(visible=True, color="#dde3ea", linewidth=0.8)
        panel.set_axisbelow(True)
    figure.savefig(folder / "release_evidence.png", metadata={"Software": None})


def _evidence(axes: Any) -> None:
    policy = ReleasePolicy(preset="canary")
    for (name, truth), colour in zip(CASES.items(), COLOURS, strict=True):
        path = errors_path(minutes(truth, np.random.default_rng(8)), policy) / np.log(10)
        axes.plot(np.arange(path.size) / 60, np.clip(path, -4, 4), color=colour, label=name, linewidth=1.4)
    axes.axhline(-np.log10(policy.guard_alpha), color="#333", linestyle="--", linewidth=1)
    axes.annotate("go back", (60, -np.log10(policy.guard_alpha) + 0.1), fontsize=8)
    axes.set(xlabel="hours of the canary (10 %, from hour 24 on 50 %)", ylabel="log10 evidence, cut at 4", xlim=(0, 72))


def _regret(axes: Any, regret: Mapping[str, Sequence[float]]) -> None:
    places, names = np.arange(1, len(PAIRS)), [f"{mine:.1%}" for mine, _ in PAIRS[1:]]
    for at, (name, values) in enumerate(regret.items()):
        axes.bar(places + (at - 1) * 0.25, values[1:], 0.25, color=COLOURS[at], label=name)
    even = [LEADS / 2 * abs(mine - other) for mine, other in PAIRS[1:]]
    axes.plot(places, even, "k_", markersize=26, label="even split, nobody named")
    axes.set_xticks(places, names)
    axes.set(
        xlabel="the candidate's true conversion; the champion's is 5.0%", ylabel="conversions lost of 100,000 leads"
    )
