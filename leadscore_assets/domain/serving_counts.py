"""What a release did so far, counted by variant: the facts that the server keeps and the release's analysis reads.

All numbers only grow within one configuration (one generation of the endpoint) and add up over workers (`merge`), so
that the difference of two readings (`since`) is what happened between; another configuration starts from zero.
Latencies are counts in bins whose bounds grow by the fourth root of 1.5: "half as slow again" is exactly four bins up.
"""

from bisect import bisect_left
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np

from leadscore_assets.domain.facts import Record

BINS_TO_HALF_AGAIN = 4
LATENCY_BOUNDS = tuple(5e-5 * 1.5 ** (step / BINS_TO_HALF_AGAIN) for step in range(128))
NO_LATENCIES = (0,) * (len(LATENCY_BOUNDS) + 1)
SCORE_BINS = 50
NO_PAIRS = (0,) * (SCORE_BINS * SCORE_BINS)
INVALID_OUTPUT = "leadscore-invalid-output"
"""The first word of the one line that a server logs for each request counted as invalid; filters of logs count it."""


def latency_bin(seconds: float) -> int:
    """Return the bin of a latency: the first whose upper bound is not below it, the last is open."""
    return bisect_left(LATENCY_BOUNDS, seconds)


@dataclass(frozen=True)
class VariantCounts(Record):
    """One bundle under one variant's name.

    `requests` were dealt to it by the routing and answered or failed; `errors` of them failed (5xx), `invalid` of those
    because the model gave no number of the label's range. `refused` (4xx, the client's fault) and `targeted` (named by
    the client, so not dealt by chance) are counted apart and are in nothing else. `keys` are distinct leads, each by
    its first outcome: `key_errors` of them failed, `key_invalid` of those by an invalid output; `key_latency_counts`
    says how long they took. A client that tries again counts once; a request of several leads counts as its first one.
    """

    name: str
    digest: str
    version: int
    requests: int = 0
    errors: int = 0
    invalid: int = 0
    refused: int = 0
    targeted: int = 0
    leads: int = 0
    keys: int = 0
    key_errors: int = 0
    key_invalid: int = 0
    latency_seconds: float = 0.0
    latency_counts: tuple[int, ...] = NO_LATENCIES
    key_latency_counts: tuple[int, ...] = NO_LATENCIES

    def quantile(self, share: float) -> float | None:
        """Return the latency (seconds) that a share of the requests does not exceed, as its bin's upper bound."""
        total = np.cumsum(self.latency_counts)
        if not total[-1]:
            return None
        place = int(np.searchsorted(total, share * total[-1]))
        return float(LATENCY_BOUNDS[min(place, len(LATENCY_BOUNDS) - 1)])

    def slower_than(self, seconds: float) -> int:
        """Return how many requests took longer than one of the bins' bounds."""
        return sum(self.latency_counts[latency_bin(seconds * (1 - 1e-9)) + 1 :])


@dataclass(frozen=True)
class Agreement(Record):
    """The shadow beside production: leads that both scored, and what became of the requests it was sent.

    `joint` counts pairs of scores in SCORE_BINS equal bins of the label's range, production by row. Of `mirrored`
    requests, `dropped` never reached the shadow as it was behind, and `failed` are leads that it refused or failed on.
    """

    mirrored: int = 0
    dropped: int = 0
    failed: int = 0
    pairs: int = 0
    other_band: int = 0
    gap_sum: float = 0.0
    difference_sum: float = 0.0
    gap_largest: float = 0.0
    lag_seconds: float = 0.0
    joint: tuple[int, ...] = NO_PAIRS

    @property
    def rank_correlation(self) -> float | None:
        """Spearman's correlation of the binned scores (mid-ranks); None where one side is constant or empty."""
        table = np.array(self.joint, dtype=np.float64).reshape(SCORE_BINS, SCORE_BINS)
        total = table.sum()
        if total < 2:
            return None
        ranks = [np.cumsum(side) - side / 2 for side in (table.sum(axis=1), table.sum(axis=0))]
        centred = [rank - total / 2 for rank in ranks]
        spread = [
            float((side * rank**2).sum()) for side, rank in zip((table.sum(1), table.sum(0)), centred, strict=True)
        ]
        if min(spread) <= 0:
            return None
        return float(centred[0] @ table @ centred[1] / np.sqrt(spread[0] * spread[1]))


@dataclass(frozen=True)
class ServingCounts(Record):
    """Everything counted under one configuration, with the requests that capture wrote and lost."""

    configuration: str = ""
    variants: tuple[VariantCounts, ...] = ()
    shadow: VariantCounts | None = None
    agreement: Agreement = Agreement()
    captured: int = 0
    capture_lost: int = 0

    def of(self, name: str, digest: str | None = None) -> VariantCounts | None:
        """Return a variant's counts, of its bundle with that digest where one is given, else of its newest version."""
        found = [item for item in self.variants if item.name == name and digest in (None, item.digest)]
        return max(found, key=lambda item: item.version, default=None)

    def merge(self, other: "ServingCounts") -> "ServingCounts":
        """Return the sum of two workers' counts; counts under another configuration are left out."""
        if other.configuration != self.configuration:
            return self
        return self._joined(other, 1)

    def since(self, earlier: "ServingCounts") -> "ServingCounts":
        """Return what was counted after an earlier reading; all of it when that was of another configuration."""
        return self if earlier.configuration != self.configuration else self._joined(earlier, -1)

    def _joined(self, other: "ServingCounts", sign: int) -> "ServingCounts":
        others = {(item.name, item.digest): item for item in other.variants}
        both = [_added(item, others.pop((item.name, item.digest), None), sign) for item in self.variants]
        shadows = [item for item in (self.shadow, other.shadow) if item]
        same = len(shadows) == 2 and shadows[0].digest == shadows[1].digest
        return ServingCounts(
            configuration=self.configuration,
            variants=(*both, *(others.values() if sign > 0 else ())),
            shadow=_added(shadows[0], shadows[1], sign)
            if same
            else self.shadow or (other.shadow if sign > 0 else None),
            agreement=_added(self.agreement, other.agreement, sign),
            captured=self.captured + sign * other.captured,
            capture_lost=self.capture_lost + sign * other.capture_lost,
        )


_LARGEST = ("gap_largest", "lag_seconds")
_NAMES = ("name", "digest", "version")
Counted = TypeVar("Counted", bound=Record)


def _added(mine: Counted, theirs: Counted | None, sign: int) -> Counted:
    """Add two records number by number; of `_LARGEST` the larger stays."""
    if theirs is None:
        return mine
    found: dict[str, Any] = {}
    for item in fields(mine):  # type: ignore[arg-type]
        one, other = getattr(mine, item.name), getattr(theirs, item.name)
        if item.name in _LARGEST:
            found[item.name] = max(one, other) if sign > 0 else one
        elif isinstance(one, tuple):
            found[item.name] = tuple((np.array(one) + sign * np.array(other)).tolist())
        else:
            found[item.name] = one if item.name in _NAMES else one + sign * other
    return type(mine)(**found)
