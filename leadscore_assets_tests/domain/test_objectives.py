import numpy as np
import pytest

from leadscore_assets.domain.errors import InvalidInput, NotEnoughData
from leadscore_assets.domain.objectives import LARGEST_GROUP, binary_target, ranking_groups

UNKNOWN = np.full(3, np.nan)


def test_binary_learns_whether_the_label_reaches_the_threshold():
    found = binary_target(np.array([1.0, 4.0, 3.0]), UNKNOWN, positive="label", threshold=3.5)
    assert found.tolist() == [0, 1, 0]


def test_binary_learns_the_outcome_and_leaves_unknown_ones_open():
    found = binary_target(np.ones(3), np.array([1.0, np.nan, 0.0]), positive="outcome", threshold=3.5)
    assert np.array_equal(found, [1, np.nan, 0], equal_nan=True)


def test_binary_without_an_outcome_or_with_one_kind_of_lead_is_refused_with_the_remedy():
    with pytest.raises(InvalidInput, match='positive = "label"'):
        binary_target(np.ones(3), UNKNOWN, positive="outcome", threshold=3.5)
    with pytest.raises(NotEnoughData, match=r"every label is on the same side of 3\.5 in 3 rows"):
        binary_target(np.ones(3), UNKNOWN, positive="label", threshold=3.5)
    with pytest.raises(NotEnoughData, match="every outcome is the same"):
        binary_target(np.ones(3), np.ones(3), positive="outcome", threshold=3.5)


def test_leads_are_ranked_within_their_day_and_a_large_day_in_equal_parts():
    days = np.array(["2026-01-06"] * (LARGEST_GROUP + 1) + ["2026-01-05"] * 3, dtype="datetime64[D]")
    group = ranking_groups(days)
    assert set(group[-3:].tolist()) == {0}
    sizes = np.bincount(group)
    assert sizes.tolist() == [3, LARGEST_GROUP // 2 + 1, LARGEST_GROUP // 2]
