"""The ladder: which rung speaks, for numbers, for arrays, and for facts that nobody knows."""

import numpy as np
import pytest
from pydantic import ValidationError

from leadscore_assets.domain.ladder import UNKNOWN, Condition, Rung, climb
from leadscore_assets.domain.promotion_policy import PromotionPolicy

LARGE = Rung(name="large", when=(Condition(of="relative_gain", at_least=0.05),))
SOME = Rung(
    name="some", decision="manual", when=(Condition(of="gain", above=0), Condition(of="champion_days", above=30))
)


def at(**facts):
    named = {name.replace("__", " "): value for name, value in facts.items()}
    return climb((LARGE, SOME), named, primary="spearman", bounds={}).tolist()


def test_the_first_rung_that_holds_speaks():
    assert at(relative_gain__spearman=0.06, gain__spearman=0.03, champion_days=40) == 0
    assert at(relative_gain__spearman=0.04, gain__spearman=0.02, champion_days=40) == 1
    assert at(relative_gain__spearman=0.04, gain__spearman=0.02, champion_days=30) == 2


def test_many_candidates_are_judged_as_each_alone():
    gains, days = np.array([0.06, 0.04, 0.04, -0.1]), np.array([1.0, 40, 2, 40])
    found = at(relative_gain__spearman=gains, gain__spearman=gains / 2, champion_days=days)
    alone = [
        at(relative_gain__spearman=gain, gain__spearman=gain / 2, champion_days=day)
        for gain, day in zip(gains, days, strict=True)
    ]
    assert found == alone == [0, 1, 2, 2]


def test_a_rung_that_hangs_on_what_is_not_known_is_neither_taken_nor_passed_over():
    assert at(gain__spearman=0.02, champion_days=40) == UNKNOWN
    assert at(relative_gain__spearman=0.06) == 0
    assert at(relative_gain__spearman=0.01, gain__spearman=-0.1) == 2
    assert at(relative_gain__spearman=0.01, gain__spearman=0.1) == UNKNOWN
    assert at(relative_gain__spearman=np.array([np.nan, 0.06])) == [UNKNOWN, 0]


def test_a_bound_may_be_a_key_of_the_policy():
    rung = Rung(name="worth_it", when=(Condition(of="shrunken_gain", above="switching_cost"),))
    for cost, expected in ((0.001, 0), (0.002, 1)):
        assert climb((rung,), {"shrunken_gain": 0.002}, primary="spearman", bounds={"switching_cost": cost}) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"of": "relative_gain", "metric": "auc", "at_least": 2}, "a relative gain of 2 is 200 %; write 0.02 for 2 %"),
        ({"of": "gain", "metric": "auc", "at_least": 2}, "runs from -1 to 1"),
        ({"of": "shrunken_gain", "above": 5}, "runs from -1 to 1"),
        ({"of": "champion_days", "above": -1}, "give days"),
        ({"of": "guardrails", "at_least": 0.5}, "write at_least = 1"),
        ({"of": "gain"}, "exactly one of above, at_least and below"),
        ({"of": "gain", "above": 0, "below": 1}, "exactly one of above, at_least and below"),
        ({"of": "shrunken_gain", "metric": "auc", "above": 0}, "takes no metric"),
        ({"of": "gains", "above": 0}, "Input should be"),
        ({"of": "gain", "above": "gaurd"}, "Input should be"),
    ],
)
def test_a_condition_without_sense_is_refused_with_the_reason(content, said):
    with pytest.raises(ValidationError, match=said):
        Condition.model_validate(content)


def test_two_rungs_may_not_have_one_name():
    rung = {"name": "a", "when": [{"of": "gain", "above": 0}]}
    with pytest.raises(ValidationError, match="two rungs have one name"):
        PromotionPolicy(rungs=[rung, rung])
