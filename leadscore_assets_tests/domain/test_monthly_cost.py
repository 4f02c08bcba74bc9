"""A month's cost: known answers, what a policy adds, and what stays unknown is said, never taken for nothing."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.domain.monthly_cost import (
    HOURS,
    NOT_COUNTED,
    Habits,
    MonthlyCost,
    changes,
    doubled_hours,
    monthly_cost,
)
from leadscore_assets.domain.release_policy import ReleasePolicy
from leadscore_assets.domain.resources_policy import ResourcesPolicy

_HABITS = Habits(region="us-east-1", retrainings=4, training_minutes=15, releases=2)
_CANARY = ReleasePolicy.model_validate({"preset": "canary"})


@dataclass(frozen=True)
class Table:
    """One price for every machine and every unit of a region."""

    as_of: str = "2026-11"
    regions: dict[str, float] = field(default_factory=lambda: {"us-east-1": 1.0})

    def hourly(self, instance: str, region: str) -> float | None:
        return self.regions.get(region)

    def unit(self, name: str, region: str) -> float | None:
        return self.regions.get(region)


def _estimate(habits: Habits = _HABITS, release: ReleasePolicy | None = None, **resources: object) -> MonthlyCost:
    rules = ResourcesPolicy.model_validate(resources)
    return monthly_cost(habits, resources=rules, release=release or ReleasePolicy(), prices=Table())


def _line(found: MonthlyCost, words: str) -> float:
    return next(line.quantity for line in found.lines if words in line.what)


def test_a_month_of_retrainings_and_an_endpoint() -> None:
    found = _estimate(replace(_HABITS, dagster=False), training_hosts=2)
    assert _line(found, "jobs (ml.c5.2xlarge)") == pytest.approx(4 * 15 / 60 * 2)
    assert _line(found, "the fleet that answers") == 2 * HOURS
    assert found.total == pytest.approx(sum(line.quantity for line in found.lines))
    assert {line.area for line in found.lines} == {"training", "endpoint", "releases", "storage", "watching"}


def test_a_release_pays_for_its_shadow_its_shares_and_its_second_fleets() -> None:
    found = _estimate(release=_CANARY)
    assert _line(found, "shadow fleets") == 2 * 7 * 24 * 2
    assert _line(found, "candidates that take a share") == 2 * (24 + 48) * 2
    assert changes(_CANARY) == 1 + 2 + 1
    assert _line(found, "second fleets") == pytest.approx(2 * 4 * doubled_hours(ResourcesPolicy()) * 2)


@pytest.mark.parametrize(
    ("rules", "hours"),
    [
        ({"cutover": "canary", "bake_seconds": 600}, 0.25 + 600 * 3 / 3600),
        ({"cutover": "linear", "cutover_percent": 25, "bake_seconds": 600}, 0.25 + 600 * 5 / 3600),
        ({"cutover": "all_at_once", "bake_seconds": 600}, 0.25 + 600 * 2 / 3600),
        ({"cutover": "canary", "bake_seconds": 0}, 0.25),
    ],
)
def test_two_fleets_stand_while_alarms_watch(rules: dict[str, object], hours: float) -> None:
    assert doubled_hours(ResourcesPolicy.model_validate(rules)) == pytest.approx(hours)


def test_transform_jobs_cost_only_where_the_policy_uses_them() -> None:
    assert not [line for line in _estimate().lines if line.area == "scoring"]
    assert [line.what for line in _estimate(batch_scoring="transform").lines if line.area == "scoring"] == [
        "transform jobs (ml.c5.xlarge)"
    ]


def test_dagsters_own_machines_are_counted_unless_it_runs_elsewhere() -> None:
    own = [line for line in _estimate().lines if line.area == "dagster"]
    assert {"PostgreSQL", "the NAT gateway"} <= {line.what for line in own}
    assert not [line for line in _estimate(replace(_HABITS, dagster=False)).lines if line.area == "dagster"]


def test_a_region_without_prices_is_told_with_the_region_that_stands_in() -> None:
    found = _estimate(replace(_HABITS, region="eu-west-1"))
    assert (found.region, found.prices_of, found.unknown) == ("eu-west-1", "us-east-1", ())


def test_a_price_that_is_not_known_is_named_and_left_out_of_the_sum() -> None:
    prices = Table(regions={})
    found = monthly_cost(_HABITS, resources=ResourcesPolicy(), release=ReleasePolicy(), prices=prices)
    assert found.total == 0
    assert set(found.unknown) == {line.what for line in found.lines}


def test_what_is_not_counted_is_said() -> None:
    found = _estimate()
    assert found.not_counted == NOT_COUNTED
    assert (found.as_of, bool(found.not_counted)) == ("2026-11", True)


@given(
    retrainings=st.floats(0, 100),
    releases=st.floats(0, 30),
    instances=st.integers(2, 20),
    more=st.floats(0, 10),
)
def test_more_of_anything_never_costs_less(retrainings: float, releases: float, instances: int, more: float) -> None:
    habits = replace(_HABITS, retrainings=retrainings, releases=releases)
    rules = {"endpoint_instances": instances, "most_instances": 40}
    base = _estimate(habits, _CANARY, **rules).total
    grown = replace(habits, retrainings=retrainings + more, releases=releases + more)
    assert _estimate(grown, _CANARY, **rules).total >= base - 1e-9
    assert _estimate(habits, _CANARY, **rules | {"endpoint_instances": instances + 1}).total > base
