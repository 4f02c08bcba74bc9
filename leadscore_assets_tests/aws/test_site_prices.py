"""The table of prices: every unit that an estimate asks for has one, and a site's own table is laid over it."""

from pathlib import Path

import pytest

from leadscore_assets.backends.aws.site_prices import SitePrices
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.monthly_cost import (
    RUN_CPU,
    RUN_GB,
    SERVICES_CPU,
    SERVICES_GB,
    STAND_IN,
    Habits,
    monthly_cost,
)
from leadscore_assets.domain.policy import Policy
from leadscore_assets_tests.deploy.templates import template


def test_every_default_has_a_price() -> None:
    policy = Policy()
    habits = Habits(region=STAND_IN)
    found = monthly_cost(habits, resources=policy.resources, release=policy.release, prices=SitePrices.read())
    assert found.unknown == ()
    assert found.total > 0


def test_a_sites_own_table_holds_machines_and_units(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('as_of = "2026-01"\n[regions.eu-west-1]\n"ml.c5.large" = 0.2\nnat_hour = 0.05\n')
    prices = SitePrices.read(own)
    assert (prices.hourly("ml.c5.large", "eu-west-1"), prices.unit("nat_hour", "eu-west-1")) == (0.2, 0.05)
    assert (prices.unit("secret_month", "eu-west-1"), prices.unit("nat_hour", STAND_IN)) == (None, 0.045)
    assert prices.as_of == "2026-01"


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[regions.eu-west-1]\nnat_hour = "cheap"\n')
    with pytest.raises(InvalidInput, match="nat_hour"):
        SitePrices.read(own)


def test_the_estimate_sizes_containers_as_the_template_does() -> None:
    content = template("services")
    sizes = {
        name: (item["Properties"]["Cpu"], item["Properties"]["Memory"])
        for name, item in content["Resources"].items()
        if item["Type"] == "AWS::ECS::TaskDefinition"
    }
    services = [sizes[name] for name in ("CodeTask", "WebserverTask", "DaemonTask")]
    assert sum(cpu for cpu, _ in services) / 1024 == SERVICES_CPU
    assert sum(memory for _, memory in services) / 1024 == SERVICES_GB
    run = content["Parameters"]
    assert (run["RunCpu"]["Default"] / 1024, run["RunMemory"]["Default"] / 1024) == (RUN_CPU, RUN_GB)


def test_the_how_to_tells_the_sum_that_the_table_gives() -> None:
    policy, told = Policy(), (Path(__file__).parents[2] / "docs" / "aws.md").read_text()
    for dagster in (True, False):
        habits = Habits(region=STAND_IN, dagster=dagster)
        found = monthly_cost(habits, resources=policy.resources, release=policy.release, prices=SitePrices.read())
        assert f"**{found.total:,.0f}**" in told
        assert f"prices of {found.as_of}" in told
