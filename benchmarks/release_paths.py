"""The evidence of a release along many looks at once: what the product's guards say at each of them, vectorised.

The product's own guard is asked again at the look where a path is highest, so that it decides and the arithmetic here
only says where to ask.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from leadscore_assets.domain.eprocess import attribution_margin, grid_up, log_factors
from leadscore_assets.domain.latency_guards import P90, P99
from leadscore_assets.domain.release_counts import LATENCY_EDGES_MS, Stretch, VariantCounts, slower_edge
from leadscore_assets.domain.release_guard import Guard
from leadscore_assets.domain.release_policy import ReleasePolicy

Array = NDArray[np.float64]
Part = tuple[Array, Array, float]
BINS = len(LATENCY_EDGES_MS) + 1


@dataclass(frozen=True)
class Arm:
    """One variant's new counts at each of L looks: leads and errors (L,), latencies (L, BINS) where they matter."""

    leads: Array
    errors: Array
    latency: Array | None = None

    def until(self, first: int, end: int, digest: str) -> VariantCounts:
        """Its counts from a look up to and without another."""
        part = slice(first, end)
        latency = () if self.latency is None else tuple(self.latency[part].sum(axis=0).astype(int).tolist())
        return VariantCounts(digest, int(self.leads[part].sum()), int(self.errors[part].sum()), 0, latency)


@dataclass(frozen=True)
class Looks:
    """A release seen at L looks: both arms, and for each weight the looks (first, end) at which it held."""

    candidate: Arm
    champion: Arm
    shares: tuple[tuple[float, int, int], ...]

    def stretches(self, look: int) -> list[Stretch]:
        """What the product would hold after a look."""
        return [
            Stretch(
                weight,
                self.champion.until(first, min(end, look + 1), "old"),
                self.candidate.until(first, min(end, look + 1), "new"),
                60.0 * (min(end, look + 1) - first),
            )
            for weight, first, end in self.shares
            if first <= look
        ]

    def cumulative(self, values: Array) -> list[Array]:
        """Values (L, ...) summed within each share, and standing still outside of it."""
        return [_within(values, first, end) for _, first, end in self.shares]


def errors_path(looks: Looks, policy: ReleasePolicy) -> Array:
    """The errors guard's log evidence at each look (L,)."""
    mine, leads = looks.cumulative(looks.candidate.errors), looks.cumulative(looks.candidate.leads)
    both = looks.cumulative(looks.candidate.errors + looks.champion.errors)
    rates = [(s, n, policy.errors) for s, n in zip(mine, leads, strict=True)]
    margins = [attribution_margin(weight, policy.errors_ratio) for weight, _, _ in looks.shares]
    own = list(zip(mine, both, margins, strict=True))
    return np.minimum(_over_starts(rates, looks), _over_starts(own, looks))


def latency_path(looks: Looks, policy: ReleasePolicy) -> Array:
    """The latency guard's log evidence at each look (L,)."""
    mine, theirs = (_slower(looks, arm) for arm in (looks.candidate, looks.champion))
    total = np.cumsum(looks.champion.latency, axis=0)
    paths = []
    for share in (P90, P99):
        n = total.sum(axis=1, keepdims=True)
        place = np.maximum((n - np.cumsum(total, axis=1) >= (1 - share) * n - 1e-9).sum(axis=1) - 1, 0)
        limit = np.array([slower_edge(int(at), policy.latency_worse) or BINS - 2 for at in range(BINS - 1)])[place]
        slow, usual = ([_at(values, at) for values in arm] for arm, at in ((mine, limit), (theirs, place)))
        parts: list[Part] = [
            (s, s + u, attribution_margin(weight, 1.0))
            for s, u, (weight, _, _) in zip(slow, usual, looks.shares, strict=True)
        ]
        paths.append(parts)
    return _over_starts_mixed(paths, looks)


def asked_at(
    looks: Looks, path: Array, guard: Callable[[Sequence[Stretch], ReleasePolicy], Guard], policy: ReleasePolicy
) -> Guard:
    """The product's guard at the look where its evidence is highest; raises where it disagrees with the path."""
    look = int(np.argmax(path))
    found = guard(looks.stretches(look), policy)
    if abs(found.strength.against * np.log(10) - path[look]) > 1e-3 + 1e-3 * abs(path[look]):
        raise AssertionError(f"the path has {path[look]:.4f} at look {look}, the guard {found.strength.against:.4f}")
    return found


def watch_paths(errors: Array, leads: Array, *, margin: float) -> Array:
    """The e-CUSUM of many runs (R, T) at the end of every closed batch, as log evidence (R, T)."""
    grid = grid_up(margin)
    hit, miss = log_factors(margin, grid)
    at, found = np.zeros((len(errors), grid.size)), []
    for s, n in zip(errors.T, leads.T, strict=True):
        at = np.maximum(at, 0.0) + s[:, None] * hit + (n - s)[:, None] * miss
        found.append(logsumexp(at, axis=1) - np.log(grid.size))
    return np.array(found).T


def _within(values: Array, first: int, end: int) -> Array:
    kept = np.zeros_like(values, dtype=np.float64)
    kept[first:end] = values[first:end]
    return np.cumsum(kept, axis=0)


def _slower(looks: Looks, arm: Arm) -> list[Array]:
    """Leads beyond each edge, by share: (L, BINS) each."""
    return [np.cumsum(held[:, ::-1], axis=1)[:, ::-1] for held in looks.cumulative(arm.latency)]


def _at(values: Array, place: NDArray[np.intp]) -> Array:
    return values[np.arange(len(values)), np.minimum(place + 1, BINS - 1)]


def _sums(part: Part) -> Array:
    events, trials, margin = part
    hit, miss = log_factors(margin, grid_up(margin))
    return np.outer(events, hit) + np.outer(trials - events, miss)


def _mixture(parts: Sequence[Part]) -> Array:
    sums = np.sum([_sums(part) for part in parts], axis=0)
    return logsumexp(sums, axis=1) - np.log(sums.shape[1])


def _over_starts(parts: Sequence[Part], looks: Looks) -> Array:
    return _over_starts_mixed([parts], looks)


def _over_starts_mixed(paths: Sequence[Sequence[Part]], looks: Looks) -> Array:
    """The mixture over starts of the mean of several e-processes, as the product's `over_starts` builds it."""
    length = len(looks.candidate.leads)
    begun = np.sum([np.arange(length) >= first for _, first, _ in looks.shares], axis=0)
    terms = [-begun * np.log(2)]
    for at, (_, first, _) in enumerate(looks.shares):
        mean = logsumexp([_mixture(parts[at:]) for parts in paths], axis=0) - np.log(len(paths))
        terms.append(np.where(np.arange(length) >= first, mean - (at + 1) * np.log(2), -np.inf))
    return logsumexp(terms, axis=0)
