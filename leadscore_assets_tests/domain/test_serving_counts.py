import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from leadscore_assets.domain.serving_counts import (
    BINS_TO_HALF_AGAIN,
    LATENCY_BOUNDS,
    NO_LATENCIES,
    SCORE_BINS,
    Agreement,
    ServingCounts,
    VariantCounts,
    latency_bin,
)


def bins(*seconds: float) -> tuple[int, ...]:
    found = list(NO_LATENCIES)
    for value in seconds:
        found[latency_bin(value)] += 1
    return tuple(found)


ONE = VariantCounts("champion", "a" * 64, 1, requests=10, errors=1, latency_counts=bins(*[0.001] * 10), keys=4)
TWO = VariantCounts("champion", "a" * 64, 1, requests=5, errors=2, latency_counts=bins(*[0.002] * 5), keys=1)
NEW = VariantCounts("candidate", "b" * 64, 2, requests=7)
SHADOW = VariantCounts("shadow", "c" * 64, 3, requests=2)


def test_workers_counts_add_up_and_the_difference_is_what_happened_between() -> None:
    early = ServingCounts("4", (ONE,), SHADOW, Agreement(mirrored=3, lag_seconds=2.0), captured=1)
    late = ServingCounts("4", (TWO, NEW), SHADOW, Agreement(dropped=1, lag_seconds=1.0), capture_lost=2)
    both = early.merge(late)
    champion = both.of("champion")
    assert champion
    assert (champion.requests, champion.errors, champion.keys, champion.version) == (15, 3, 5, 1)
    assert sum(champion.latency_counts) == 15
    assert both.of("candidate") == NEW
    assert both.shadow
    assert both.shadow.requests == 4
    assert (both.agreement.mirrored, both.agreement.dropped, both.agreement.lag_seconds) == (3, 1, 2.0)
    assert (both.captured, both.capture_lost) == (1, 2)
    between = both.since(early)
    assert between.of("champion") == TWO
    assert between.of("candidate") == NEW


def test_counts_of_another_configuration_are_neither_added_nor_taken_away() -> None:
    now, other = ServingCounts("5", (ONE,)), ServingCounts("4", (TWO,))
    assert now.merge(other) == now
    assert now.since(other) == now


def test_a_variants_newest_version_is_found_without_a_digest() -> None:
    newer = VariantCounts("champion", "d" * 64, 9)
    counts = ServingCounts("", (ONE, newer))
    assert counts.of("champion") == newer
    assert counts.of("champion", ONE.digest) == ONE
    assert counts.of("nobody") is None


def test_half_as_slow_again_is_four_bins_up() -> None:
    for place in range(len(LATENCY_BOUNDS) - BINS_TO_HALF_AGAIN):
        slower = LATENCY_BOUNDS[place] * 1.5
        assert slower == pytest.approx(LATENCY_BOUNDS[place + BINS_TO_HALF_AGAIN])
        counts = VariantCounts("a", "", 1, latency_counts=(1,) * (len(LATENCY_BOUNDS) + 1))
        assert counts.slower_than(slower) == len(LATENCY_BOUNDS) - place - BINS_TO_HALF_AGAIN
    assert latency_bin(1e9) == len(LATENCY_BOUNDS)


@given(st.lists(st.floats(1e-4, 10), min_size=1, max_size=80), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_right_to_a_bin(seconds: list[float], share: float) -> None:
    found = VariantCounts("a", "", 1, latency_counts=bins(*seconds)).quantile(share)
    exact = float(np.quantile(seconds, share, method="inverted_cdf"))
    assert found is not None
    assert exact <= found * (1 + 1e-9) <= exact * 1.5 ** (1 / BINS_TO_HALF_AGAIN) * (1 + 1e-6)
    assert VariantCounts("a", "", 1).quantile(share) is None


@given(st.lists(st.tuples(st.integers(0, 49), st.integers(0, 49)), min_size=2, max_size=200))
def test_the_rank_correlation_of_the_bins_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    joint = np.zeros((SCORE_BINS, SCORE_BINS), dtype=int)
    for theirs, mine in pairs:
        joint[theirs, mine] += 1
    found = Agreement(joint=tuple(joint.ravel().tolist())).rank_correlation
    sides = np.array(pairs).T
    if len(set(sides[0])) == 1 or len(set(sides[1])) == 1:
        assert found is None
    else:
        assert found == pytest.approx(spearmanr(*sides).statistic, abs=1e-9)
    assert Agreement().rank_correlation is None


def test_counts_come_back_from_json() -> None:
    counts = ServingCounts("4", (ONE, NEW), SHADOW, Agreement(mirrored=3))
    assert ServingCounts.from_json(json.loads(json.dumps(counts.to_json()))) == counts
    assert ServingCounts.from_json(ServingCounts().to_json()) == ServingCounts()
