"""What is measured of the release's rules, with known truth: false steps back, delays, proofs, and winners."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np

from benchmarks.release_arms import DAYS, Search, another_day, search
from benchmarks.release_paths import Array, Looks, asked_at, errors_path, latency_path, watch_paths
from benchmarks.release_world import Truth, blocks, first_look, minutes
from leadscore_assets.domain.analysis import combined
from leadscore_assets.domain.conversion_guards import conversion_guard
from leadscore_assets.domain.cutover_watch import SLOW_MINUTES
from leadscore_assets.domain.eprocess import grid_down, log_evidence
from leadscore_assets.domain.error_guards import errors_guard
from leadscore_assets.domain.latency_guards import latency_guard
from leadscore_assets.domain.prediction_shift import shift_guards
from leadscore_assets.domain.release_counts import Outcomes, Stretch, VariantCounts
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.serving_counts import SCORE_BINS

POLICY = ReleasePolicy(preset="canary")
BOUND = -np.log(POLICY.guard_alpha)
Guards = Mapping[str, tuple[Callable[[Looks, ReleasePolicy], Array], Callable[..., object]]]
GUARDS: Guards = {"errors": (errors_path, errors_guard), "latency_p99": (latency_path, latency_guard)}


def false_rollbacks(truth: Truth, guard: str, *, runs: int, seed: int = 1) -> tuple[int, float]:
    """Return how many canaries were taken back when looked at every minute for three days, and by the naive rule.

    The naive rule goes back when more than 2 % of the last 500 of the candidate's leads failed, or when the p99 of an
    hour is over 1.5 times the champion's first hour.
    """
    rng, path, ask = np.random.default_rng(seed), *GUARDS[guard]
    taken, naive = 0, 0
    for _ in range(runs):
        looks = minutes(truth, rng)
        taken += asked_at(looks, path(looks, POLICY), ask, POLICY).answer == "go_back"
        naive += _naive_errors(looks) if guard == "errors" else _naive_latency(looks)
    return taken, naive / runs


def delays(truth: Truth, guard: str, *, weight: float, size: int, looks: int, runs: int) -> list[float]:
    """Return after how many of the candidate's leads it is taken back, for the runs that ended in time."""
    rng, path, found = np.random.default_rng(2), GUARDS[guard][0], []
    for _ in range(runs):
        seen = blocks(truth, rng, weight=weight, size=size, looks=looks)
        at = first_look(_counted(path(seen, POLICY), seen, guard), float(BOUND))
        found += [float(seen.candidate.leads[: at + 1].sum())] if at is not None else []
    return found


def watch_delays(rate: float, *, healthy: int, runs: int, per_minute: int = 300) -> list[float]:
    """Return how many leads fail to be answered well before a watch steps back, after so many healthy minutes."""
    rng, length = np.random.default_rng(3), 80
    leads = np.full((runs, healthy + length), float(per_minute))
    rates = np.where(np.arange(healthy + length) < healthy, 0.005, rate)
    errors = rng.binomial(per_minute, np.tile(rates, (runs, 1))).astype(float)
    reached = watch_paths(errors, leads, margin=POLICY.errors) >= watch_bound()
    return [float(np.argmax(row) + 1 - healthy) * per_minute for row in reached if row.any()]


def watch_alarms(rate: float, *, runs: int, per_minute: int = 300) -> int:
    """Return how many of so many watches of 48 hours step back without a fault."""
    rng = np.random.default_rng(4)
    errors = rng.binomial(per_minute, rate, (runs, 2880)).astype(float)
    return int(
        (watch_paths(errors, np.full_like(errors, per_minute), margin=POLICY.errors) >= watch_bound()).any(axis=1).sum()
    )


def slow_minutes_alarms(share: float, *, runs: int) -> int:
    """Return how many watches of 48 hours step back when a share of minutes is slow by chance."""
    slow = (np.random.default_rng(5).random((runs, 2880)) < share).astype(float)
    return int((watch_paths(slow, np.ones_like(slow), margin=SLOW_MINUTES) >= watch_bound()).any(axis=1).sum())


def shadow_rejections(correlation: float, *, runs: int, hours: int = 168, per_hour: int = 100) -> int:
    """Return how many shadows of normal scores with a correlation are rejected when looked at every hour for a week."""
    rng, found = np.random.default_rng(9), 0
    for _ in range(runs):
        first = rng.normal(size=(hours, per_hour))
        second = correlation * first + np.sqrt(1 - correlation**2) * rng.normal(size=first.shape)
        bins = [np.clip((scores / 6 + 0.5) * SCORE_BINS, 0, SCORE_BINS - 1).astype(int) for scores in (first, second)]
        joint = np.zeros(SCORE_BINS * SCORE_BINS, dtype=int)
        for row, column in zip(*bins, strict=True):
            np.add.at(joint, row * SCORE_BINS + column, 1)
            if any(item.answer == "go_back" for item in shift_guards(joint.tolist(), POLICY)):
                found += 1
                break
    return found


def watch_bound() -> float:
    """The log evidence at which the product's watch steps back."""
    return float(np.log(POLICY.watch_maximum_hours * 60 / POLICY.guard_alpha))


def proof_leads(rate: float, *, runs: int, most: int = 20_000) -> list[float]:
    """Return after how many leads an error rate is proved to keep its bound."""
    rng, grid, found = np.random.default_rng(6), grid_down(POLICY.errors), []
    trials = np.arange(10, most + 1, 10)
    bound = -np.log(POLICY.proof_alpha)
    hit, miss = np.log(grid / POLICY.errors), np.log1p(-grid) - np.log1p(-POLICY.errors)
    for _ in range(runs):
        events = np.cumsum(rng.binomial(10, rate, trials.size))
        sums = np.outer(events, hit) + np.outer(trials - events, miss)
        path = np.logaddexp.reduce(sums, axis=1) - np.log(grid.size)
        at = first_look(path, float(bound))
        if at is not None:
            assert log_evidence(int(events[at]), int(trials[at]), margin=POLICY.errors, grid=grid) >= bound
            found.append(max(float(trials[at]), float(POLICY.minimum_requests)))
    return found


def conversion_rollbacks(rates: tuple[float, float], *, weight: float, runs: int) -> list[float]:
    """Return after how many days 12 weeks of daily looks take a candidate back for its conversions."""
    rng, found = np.random.default_rng(10), []
    for _ in range(runs):
        held = Outcomes(weight, 0, 0, 0, 0)
        for day in range(DAYS):
            held = another_day(held, rates, day, rng)
            if conversion_guard((held,), POLICY).answer == "go_back":
                found.append(float(day + 1))
                break
    return found


def one_error_in_25() -> str:
    """The answer to one error among the candidate's first 25 leads, a minute after it went live."""
    stretch = Stretch(0.1, VariantCounts("old", 225, 1), VariantCounts("new", 25, 1), 60.0)
    found = errors_guard((stretch,), POLICY)
    analysis = combined([found], ("errors",), now=datetime(2026, 1, 5, 12, 1, tzinfo=UTC), pace=25 / 60)
    return f"{analysis.answer}: {analysis.sentence}"


def searches(strategy: str, rates: tuple[float, float], *, runs: int) -> list[Search]:
    """Return so many searches for the winner under a strategy."""
    rng, policy = np.random.default_rng(7), ReleasePolicy(preset=strategy)
    return [search(policy, rates, rng) for _ in range(runs)]


def _counted(path: Array, looks: Looks, guard: str) -> Array:
    """A path that acts only once enough leads fared badly, as the guards ask."""
    if guard != "errors":
        return path
    return np.where(np.cumsum(looks.candidate.errors) >= POLICY.minimum_bad, path, -np.inf)


def _naive_errors(looks: Looks) -> bool:
    leads, errors = np.cumsum(looks.candidate.leads), np.cumsum(looks.candidate.errors)
    before = np.searchsorted(leads, leads - 500)
    full = leads >= 500
    return bool(((errors - errors[before])[full] > 0.02 * (leads - leads[before])[full]).any())


def _naive_latency(looks: Looks) -> bool:
    hours = looks.candidate.latency.reshape(-1, 60, looks.candidate.latency.shape[1]).sum(axis=1)
    first = looks.champion.latency[:60].sum(axis=0)
    p99 = np.argmax(np.cumsum(hours, axis=1) >= 0.99 * hours.sum(axis=1, keepdims=True), axis=1)
    usual = np.argmax(np.cumsum(first) >= 0.99 * first.sum())
    return bool((p99 > usual + 4).any())
