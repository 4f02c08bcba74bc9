"""A window that the data can meet: how many rows a training should wait for, from the rows there were each day."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadscore_assets.domain.calendar import DAY, days_between
from leadscore_assets.domain.policy import WindowPolicy

PERIOD_DAYS = 28
FEWEST, MOST = 500, 10_000
_SHARES = {"minimum_test_rows": 5, "minimum_validation_rows": 10}
_FLOORS = {"minimum_rows": 20, "minimum_test_rows": 5, "minimum_validation_rows": 5}

Counts = NDArray[np.int64]


def propose_window(rows: Mapping[date, int]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Propose the policy's [window] from labelled rows a day, and say why, one sentence a number.

    The minimum is what a usual four weeks hold, between 500 and 10,000 rows; lower where the longest window the policy
    allows falls short of it in more than half of the later days. Test and validation minima shrink with it.
    """
    usual = WindowPolicy()
    counts = np.array([rows.get(day, 0) for day in days_between(min(rows), max(rows) + DAY)], dtype=np.int64)
    period = float(np.median(_trailing(counts, PERIOD_DAYS)[min(PERIOD_DAYS, counts.size) - 1 :]))
    least = int(np.clip(period, FEWEST, MOST))
    why = f"a usual {PERIOD_DAYS} days hold {period:,.0f}"
    longest = _trailing(counts, usual.maximum_days)
    later = longest[longest.size // 2 :]
    if float(np.median(later)) < least:
        least = int(np.quantile(later, 0.25))
        why = f"the {usual.maximum_days} days that a window may have rarely hold more"
    proposal = {"minimum_rows": max(_FLOORS["minimum_rows"], _rounded_down(least))}
    sentences = [f"a training waits for at least {proposal['minimum_rows']:,} rows: {why}"]
    for name, part in _SHARES.items():
        most = max(_FLOORS[name], proposal["minimum_rows"] // part)
        if most < getattr(usual, name):
            proposal[name] = most
            sentences.append(f"{name.split('_')[1]} holds at least {most:,} rows, one in {part} of these")
    return proposal, tuple(sentences)


def _trailing(counts: Counts, days: int) -> Counts:
    """Sum, for each day, the rows of that day and of the days before it, `days` in all."""
    total = np.concatenate([[0], np.cumsum(counts)])
    ends = np.arange(1, counts.size + 1)
    sums: Counts = total[ends] - total[np.maximum(0, ends - days)]
    return sums


def _rounded_down(rows: int) -> int:
    """Keep two digits, so that the file says 3,100 and not 3,164."""
    unit = int(10 ** max(0, len(str(rows)) - 2))
    return rows - rows % unit
