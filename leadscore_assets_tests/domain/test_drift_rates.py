"""The published error rates of the default rule, in small: bounds that a worse rule would break."""

import pytest
from scipy import stats

from benchmarks.drift_rules import RULES, after_a_change, measured

PLANTED = ("A2", "A6", "A8")


def most(rate: float, weeks: int) -> float:
    """The share of weeks that a rule with this error rate exceeds once in 200 runs."""
    return float(stats.binom.ppf(0.995, weeks, rate)) / weeks


@pytest.mark.slow
@pytest.mark.parametrize(("n", "weeks"), [(1_000, 60), (10_000, 24)])
def test_null_weeks_alarm_at_most_once_in_100_and_wobbling_ones_six_times(n, weeks):
    still = measured(n=n, weeks=weeks, wobble=0.0, plants=["N"])["N"]
    moving = measured(n=n, weeks=weeks, wobble=0.03, plants=["N"])["N"]
    assert still["default"] <= most(0.01, weeks)
    assert moving["default"] <= most(0.06, weeks)
    assert moving["bounds alone"] == 0


@pytest.mark.slow
def test_unit_breaks_half_deviations_and_broken_dependence_are_found_at_10_000():
    found = measured(n=10_000, weeks=20, wobble=0.03, plants=["N", *PLANTED])
    assert all(found[plant]["default"] >= 0.95 for plant in PLANTED)
    assert found["N"]["ks_fdr_5"] > 0.5
    assert found["A8"]["evidently"] == 0
    assert found["A6"]["psi"] == 0
    assert set(RULES) < set(found["N"])


@pytest.mark.slow
def test_a_change_of_size_does_not_alarm():
    rates = after_a_change(2)
    assert all(rate <= most(0.06, 8) for rate in rates.values()), rates
