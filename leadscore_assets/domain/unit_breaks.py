"""Unit breaks: a number that is suddenly ten, sixty or a thousand times what it was, with its shape unchanged.

Seen in the profile's decades, which know sizes of any scale, where the bins only know that values lie outside. Factors
under seven are left out: a growing business does that too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.profiles import STEPS_A_DECADE

_TENS = tuple(10.0**power for power in range(1, 13))
FACTORS: Mapping[float, str] = dict.fromkeys(_TENS, "") | {
    7.0: "days and weeks",
    12.0: "months and years",
    24.0: "hours and days",
    60.0: "minutes and seconds or hours",
    3600.0: "seconds and hours",
    86_400.0: "seconds and days",
}
_NEAR, _NEAR_TEN, _SAME_SPREAD = 0.03, 0.10, 0.15
FEWEST = 20


@dataclass(frozen=True)
class UnitBreak(Record):
    """This week's sizes are about `ratio` times the reference's, which is near a known `factor`."""

    ratio: float
    factor: float
    units: str

    @property
    def sentence(self) -> str:
        """Say it in words."""
        times = f"{self.factor:,.0f} times as large" if self.factor > 1 else f"{1 / self.factor:,.0f} times smaller"
        which = f" ({self.units})" if self.units else ""
        return f"{times}, shape unchanged: another unit?{which}"


def unit_break(now: Mapping[int, int], reference: Mapping[int, int]) -> UnitBreak | None:
    """Compare the decades of two profiles; None where their ratio is near no known factor or their shapes differ."""
    if min(sum(now.values()), sum(reference.values())) < FEWEST:
        return None
    (a1, a2, a3), (b1, b2, b3) = _quartiles(now), _quartiles(reference)
    shift, spread = a2 - b2, abs((a3 - a1) - (b3 - b1))
    if spread > _SAME_SPREAD or abs(shift) < np.log10(min(FACTORS)) / 2:
        return None
    near = min(FACTORS, key=lambda factor: abs(abs(shift) - np.log10(factor)))
    gap = abs(abs(shift) - np.log10(near))
    if gap > (_NEAR_TEN if near in _TENS else _NEAR):
        return None
    return UnitBreak(float(10**shift), near if shift > 0 else 1 / near, FACTORS[near])


def _quartiles(decades: Mapping[int, int]) -> tuple[float, float, float]:
    """The quartiles of log10 |value|, values spread evenly inside their step."""
    steps = np.array(sorted(decades))
    counts = np.array([decades[step] for step in steps], dtype=np.float64)
    ends = np.cumsum(counts) / counts.sum()
    found = []
    for share in (0.25, 0.5, 0.75):
        at = int(np.searchsorted(ends, share))
        inside = (share - (ends[at] - counts[at] / counts.sum())) * counts.sum() / counts[at]
        found.append(float(steps[at] + inside) / STEPS_A_DECADE)
    return found[0], found[1], found[2]
