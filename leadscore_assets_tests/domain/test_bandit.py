"""The bandit's share: the posterior's own chance, repeatable, and only ever raised."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.bandit import chance_better, next_share
from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_policy import ReleasePolicy

POLICY = ReleasePolicy(preset="bandit")


def test_nothing_known_is_an_even_chance_and_mirrored_arms_have_mirrored_chances():
    assert chance_better([]) == pytest.approx(0.5)
    better = chance_better([Outcomes(0.5, 1000, 60, 1000, 50)])
    assert better + chance_better([Outcomes(0.5, 1000, 50, 1000, 60)]) == pytest.approx(1)
    assert 0.6 < better < 0.95


def test_the_chance_is_what_drawing_from_the_posterior_finds():
    # With log ratio x ~ N(0, 0.2) and k of n conversions the candidate's, weigh draws by their likelihood.
    draw = np.random.default_rng(3).normal(0, 0.2, 400_000)
    share = 0.3 * np.exp(draw) / (0.3 * np.exp(draw) + 0.7)
    weights = np.exp(34 * np.log(share) + 66 * np.log1p(-share) + 62)
    expected = weights[draw > 0].sum() / weights.sum()
    assert chance_better([Outcomes(0.3, 600, 34, 1400, 66)]) == pytest.approx(expected, abs=0.01)


def test_a_season_that_both_arms_share_does_not_matter():
    poor, rich = Outcomes(0.1, 2000, 100, 18_000, 900), Outcomes(0.5, 10_000, 1000, 10_000, 1000)
    assert chance_better([poor, rich]) == pytest.approx(0.5, abs=0.02)


@given(
    share=st.floats(0.05, 0.95),
    counts=st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=4),
)
def test_a_share_never_falls_never_leaps_and_leaves_either_arm_its_floor(share, counts):
    outcomes = [Outcomes(share, 10 * mine, mine, 10 * theirs, theirs) for mine, theirs in counts]
    found = next_share(share, outcomes, POLICY)
    assert share - 1e-4 <= found <= max(min(share + POLICY.most_raise, 1 - POLICY.floor), share) + 1e-4
    assert found == next_share(share, outcomes, POLICY)
