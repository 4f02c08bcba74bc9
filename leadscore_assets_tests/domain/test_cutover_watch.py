"""The watch after a cutover: evidence starts again, bursts are weathered, and lasting faults are seen."""

import numpy as np

from benchmarks.release_paths import watch_paths
from leadscore_assets.domain.cutover_watch import Watch, opened, watch_guards, watched
from leadscore_assets.domain.release_counts import LATENCY_EDGES_MS, VariantCounts
from leadscore_assets.domain.release_policy import ReleasePolicy

POLICY = ReleasePolicy(preset="canary")


def latencies(n: int, ms: float) -> tuple[int, ...]:
    found = [0] * (len(LATENCY_EDGES_MS) + 1)
    found[int(np.searchsorted(LATENCY_EDGES_MS, ms))] = n
    return tuple(found)


def after(minutes: list[tuple[int, float]], *, leads: int = 100) -> Watch:
    """A watch after minutes of (errors, milliseconds)."""
    watch = opened("new", VariantCounts("old", 1000, 0, 0, latencies(1000, 2.0)), POLICY)
    for errors, ms in minutes:
        more = VariantCounts("new", leads, errors, 0, latencies(leads, ms))
        watch = watched(watch, more, seconds=60, policy=POLICY)
    return watch


def answers(watch: Watch) -> dict[str, str]:
    return {item.name: item.answer for item in watch_guards(watch, POLICY)}


def test_a_healthy_model_is_proved_after_some_minutes_and_not_before():
    assert set(answers(after([])).values()) == {"not_yet"}
    assert set(answers(after([(0, 2.0)] * 10)).values()) == {"go_on"}


def test_a_late_fault_is_seen_as_fast_as_an_early_one():
    early, late = after([(10, 2.0)] * 4), after([(0, 2.0)] * 2000 + [(10, 2.0)] * 4)
    assert answers(early)["errors"] == answers(late)["errors"] == "go_back"
    assert answers(after([(0, 2.0)] * 2000 + [(10, 2.0)]))["errors"] != "go_back"


def test_a_burst_of_minutes_is_weathered_and_a_slow_model_is_not():
    assert answers(after([(0, 2.0)] * 30 + [(0, 9.0)] * 8 + [(0, 2.0)] * 30))["latency_p99"] == "go_on"
    assert answers(after([(0, 2.0)] * 30 + [(0, 9.0)] * 20))["latency_p99"] == "go_back"


def test_without_a_past_latency_is_held_to_the_policys_bound():
    fresh = opened("new", None, POLICY)
    assert LATENCY_EDGES_MS[fresh.limit] >= POLICY.latency_ms
    assert fresh.tail < 0.02


def test_an_invalid_output_and_all_errors_go_back_within_the_minute():
    watch = opened("new", None, POLICY)
    assert answers(watched(watch, VariantCounts("new", 5, 5), seconds=1, policy=POLICY))["errors"] == "go_back"
    invalid = watched(watch, VariantCounts("new", 5, 0, 1), seconds=1, policy=POLICY)
    assert answers(invalid)["invalid_outputs"] == "go_back"


def test_the_sums_are_those_of_the_e_cusum():
    errors = [0, 3, 9, 0, 4, 12, 1]
    watch = after([(count, 2.0) for count in errors])
    path = watch_paths(np.array([errors], dtype=float), np.full((1, 7), 100.0), margin=POLICY.errors)
    sums = np.array(watch.error_sums)
    assert np.isclose(np.logaddexp.reduce(sums) - np.log(sums.size), path[0, -1])
