"""Counts while serving: the numbers of serving_counts.py as they grow, under one configuration at a time."""

from dataclasses import asdict
from typing import NamedTuple

from leadscore_assets.domain.serving_counts import ServingCounts, VariantCounts, latency_bin
from leadscore_assets.serving.desired import Placed
from leadscore_assets.serving.seen import SeenFolder, SeenLeads

_VARIANTS_KEPT = 16


class Outcome(NamedTuple):
    """How one request went: HTTP status, seconds of work from its last byte to its answer, leads, and its lead's key.

    `seconds` leaves out the time in which others were served, and of a group is the request's share.
    `targeted` when the client named the variant; `invalid` when the model gave no number of the label's range.
    """

    status: int
    seconds: float
    rows: int = 0
    key: str | None = None
    targeted: bool = False
    invalid: bool = False


class Tally:
    """One variant's numbers, going on from earlier ones."""

    def __init__(self, earlier: VariantCounts, seen: SeenLeads) -> None:
        self.version = earlier.version
        self._numbers = asdict(earlier)
        self._bins = list(earlier.latency_counts)
        self._key_bins = list(earlier.key_latency_counts)
        self._seen = seen

    def note(self, outcome: Outcome) -> None:
        """Count one request."""
        numbers = self._numbers
        if 400 <= outcome.status < 500:
            numbers["refused"] += 1
            return
        if outcome.targeted:
            numbers["targeted"] += 1
            return
        failed = outcome.status >= 500
        numbers["requests"] += 1
        numbers["errors"] += failed
        numbers["invalid"] += outcome.invalid
        numbers["leads"] += outcome.rows
        numbers["latency_seconds"] += outcome.seconds
        place = latency_bin(outcome.seconds)
        self._bins[place] += 1
        if outcome.key is None or self._seen.first(outcome.key):
            numbers["keys"] += 1
            numbers["key_errors"] += failed
            numbers["key_invalid"] += outcome.invalid
            self._key_bins[place] += 1

    def counts(self) -> VariantCounts:
        """Return the numbers so far."""
        bins = {"latency_counts": tuple(self._bins), "key_latency_counts": tuple(self._key_bins)}
        return VariantCounts(**{**self._numbers, "version": self.version, **bins})


class Book:
    """Every variant's numbers under the present configuration; another configuration begins a new page."""

    def __init__(self, seen: SeenFolder | None = None, *, earlier: ServingCounts | None = None) -> None:
        self._seen = seen or SeenFolder()
        self._earlier = earlier or ServingCounts()
        self._tallies: dict[tuple[str, str], Tally] = {}
        self.configuration = self._earlier.configuration

    def turn(self, configuration: str) -> None:
        """Begin a new page if the configuration is another."""
        if configuration != self.configuration:
            self.configuration, self._earlier, self._tallies = configuration, ServingCounts(configuration), {}
            self._seen.forget_others(configuration)

    def note(self, placed: Placed, outcome: Outcome, *, configuration: str) -> None:
        """Count one request that a release with this configuration answered; one of an earlier page is forgotten."""
        if configuration != self.configuration:
            return
        tally = self._tallies.get((placed.name, placed.digest)) or self._opened(placed)
        tally.version = placed.version
        tally.note(outcome)

    def variants(self) -> tuple[VariantCounts, ...]:
        """Return the page's numbers, those of variants that went before included."""
        fresh = {key: tally.counts() for key, tally in list(self._tallies.items())}
        old = {(item.name, item.digest): item for item in self._earlier.variants}
        return tuple((old | fresh).values())

    def _opened(self, placed: Placed) -> Tally:
        if len(self._tallies) >= _VARIANTS_KEPT:
            first = next(iter(self._tallies))
            del self._tallies[first]
        earlier = self._earlier.of(placed.name, placed.digest)
        counts = earlier or VariantCounts(placed.name, placed.digest, placed.version)
        found = Tally(counts, self._seen.leads(self.configuration, placed.name, placed.digest))
        self._tallies[placed.name, placed.digest] = found
        return found
