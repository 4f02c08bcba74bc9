"""The shadow's scores beside production's, as sums that grow: the numbers of serving_counts.Agreement."""

from dataclasses import replace

from leadscore_assets.domain.serving_counts import SCORE_BINS, Agreement


class Comparison:
    """Counts pairs of scores within a label's range, going on from earlier ones."""

    def __init__(self, low: float, high: float, *, earlier: Agreement | None = None) -> None:
        self._earlier = earlier or Agreement()
        self._low, self._step = low, (high - low) / SCORE_BINS
        self._joint = list(self._earlier.joint)
        self._pairs = self._other = self._failed = 0
        self._gaps = self._differences = self._largest = self._lag = 0.0

    def note(self, mine: float, theirs: float, *, same_band: bool) -> None:
        """Count one lead's score of the shadow (`mine`) and of production (`theirs`)."""
        difference = mine - theirs
        self._pairs += 1
        self._other += not same_band
        self._gaps += abs(difference)
        self._differences += difference
        self._largest = max(self._largest, abs(difference))
        self._joint[self._bin(theirs) * SCORE_BINS + self._bin(mine)] += 1

    def note_failed(self, rows: int) -> None:
        """Count leads that the shadow refused or failed on."""
        self._failed += rows

    def note_lag(self, seconds: float) -> None:
        """Remember how far behind the shadow is now."""
        self._lag = seconds

    def agreement(self) -> Agreement:
        """Return the sums so far."""
        old = self._earlier
        return replace(
            old,
            failed=old.failed + self._failed,
            pairs=old.pairs + self._pairs,
            other_band=old.other_band + self._other,
            gap_sum=old.gap_sum + self._gaps,
            difference_sum=old.difference_sum + self._differences,
            gap_largest=max(old.gap_largest, self._largest),
            lag_seconds=self._lag,
            joint=tuple(self._joint),
        )

    def _bin(self, score: float) -> int:
        return min(max(int((score - self._low) / self._step), 0), SCORE_BINS - 1)
