"""Releases with known truth: leads a minute, errors, latencies, outages and pauses that both arms share."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.release_paths import BINS, Arm, Array, Looks
from leadscore_assets.domain.release_counts import LATENCY_EDGES_MS

SIGMA = 0.5
MEDIAN_MS = 2.0
DAY = 1440
CANARY = ((0.10, 0, DAY), (0.50, DAY, 3 * DAY))


@dataclass(frozen=True)
class Truth:
    """What is true of a release: error rates, how much slower the candidate is, and what happens to both arms.

    `outage` minutes have errors at 50 %; `pauses` is the share of leads that take ten times as long; in `bursts` of ten
    minutes, six a day, everything takes three times as long.
    """

    candidate: float = 0.005
    champion: float = 0.005
    slower: float = 1.0
    outage: int = 0
    pauses: float = 0.0
    bursts: bool = False
    timed: bool = False


def minutes(truth: Truth, rng: np.random.Generator, *, leads: float = 20.0, shares: tuple = CANARY) -> Looks:
    """One release of the canary preset, looked at every minute."""
    length = shares[-1][2]
    weight = np.concatenate([np.full(end - first, share) for share, first, end in shares])
    total = rng.poisson(leads, length)
    mine = rng.binomial(total, weight)
    bad = np.zeros(length, dtype=bool)
    if truth.outage:
        start = int(rng.integers(0, length - truth.outage))
        bad[start : start + truth.outage] = True
    burst = _bursts(rng, length) if truth.bursts else np.zeros(length, dtype=bool)
    arms = [
        _arm(rng, count, np.where(bad, 0.5, rate), truth, slower, burst)
        for count, rate, slower in ((mine, truth.candidate, truth.slower), (total - mine, truth.champion, 1.0))
    ]
    return Looks(arms[0], arms[1], shares)


def blocks(truth: Truth, rng: np.random.Generator, *, weight: float, size: int, looks: int) -> Looks:
    """A step at one share, looked at every `size` leads of both arms."""
    mine = rng.binomial(size, weight, looks)
    none = np.zeros(looks, dtype=bool)
    arms = [
        _arm(rng, count, np.full(looks, rate), truth, slower, none)
        for count, rate, slower in ((mine, truth.candidate, truth.slower), (size - mine, truth.champion, 1.0))
    ]
    return Looks(arms[0], arms[1], ((weight, 0, looks),))


def latency_shares(scale: float, pauses: float) -> Array:
    """The chance of each latency bin: log-normal, some leads ten times slower."""
    from scipy.stats import norm

    edges = np.log(np.array(LATENCY_EDGES_MS) / MEDIAN_MS / scale) / SIGMA
    below = (1 - pauses) * norm.cdf(edges) + pauses * norm.cdf(edges - np.log(10) / SIGMA)
    return np.diff(np.concatenate([[0.0], below, [1.0]]))


def first_look(path: Array, bound: float) -> int | None:
    """The first look at which a path reaches a bound."""
    reached = np.nonzero(path >= bound)[0]
    return int(reached[0]) if reached.size else None


def quantiles(values: list[float], runs: int, show: Callable[[float], str] = "{:,.0f}".format) -> str:
    """Median (p95) of runs, and the share that never ended."""
    found = [*values, *([np.inf] * (runs - len(values)))]
    middle, high = np.quantile(found, [0.5, 0.95], method="lower")
    shown = [show(value) if np.isfinite(value) else "never" for value in (middle, high)]
    return f"{shown[0]} ({shown[1]})"


def _arm(rng: np.random.Generator, leads: Array, rate: Array, truth: Truth, slower: float, burst: Array) -> Arm:
    errors = rng.binomial(leads, rate).astype(float)
    if not truth.timed:
        return Arm(leads.astype(float), errors)
    latency = np.zeros((len(leads), BINS))
    for held, scale in ((~burst, slower), (burst, 3 * slower)):
        if held.any():
            latency[held] = rng.multinomial(leads[held], latency_shares(scale, truth.pauses))
    return Arm(leads.astype(float), errors, latency)


def _bursts(rng: np.random.Generator, length: int) -> Array:
    found = np.zeros(length, dtype=bool)
    for start in rng.integers(0, length - 10, 6 * length // DAY):
        found[start : start + 10] = True
    return found
