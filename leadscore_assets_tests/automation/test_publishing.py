"""The sensor that publishes the platform's own numbers: only where the settings ask for it, and what it sends."""

from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from pydantic import ValidationError

from leadscore_assets.automation.publishing import numbers_are_published
from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.metrics import CloudWatchMetrics
from leadscore_assets.definitions import build_definitions
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import HomeSettings, Settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import Home

NAME = "numbers_are_published"
WHERE = {"region": "us-east-1", "bucket": "leadscore-test", "role": "arn:aws:iam::123456789012:role/leadscore"}


def settings(**changes: str) -> Settings:
    return Settings(home=Path("none"), values=HomeSettings(aws=AwsSettings(**WHERE, **changes)))


def tick(platform: Platform) -> str:
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"platform": platform})
        return numbers_are_published.evaluate_tick(context).skip_message or ""


@pytest.mark.parametrize(("changes", "there"), [({}, False), ({"metrics_namespace": "leadscore"}, True)])
def test_only_a_home_that_asks_for_it_publishes(changes: dict[str, str], there: bool) -> None:
    found = settings(**changes)
    assert build_definitions(found).get_repository_def().has_sensor_def(NAME) is there
    assert (open_platform(found).metrics is not None) is there


def test_a_namespace_of_aws_is_refused() -> None:
    with pytest.raises(ValidationError, match="AWS's own; choose another"):
        settings(metrics_namespace="AWS/SageMaker")


def test_each_tick_publishes_what_is_known_of_the_home(champion: Home, emulated_account: Account) -> None:
    who = {"home": champion.path.name, "endpoint": "champion-of-this-test"}
    metrics = CloudWatchMetrics(emulated_account, namespace="leadscore", dimensions=who)

    told = tick(replace(champion.platform(), metrics=metrics))

    shown = [{"Name": "endpoint", "Value": "champion-of-this-test"}]
    found = {
        item["MetricName"]
        for item in emulated_account.pages(
            "cloudwatch", "list_metrics", "Metrics", Namespace="leadscore", Dimensions=shown
        )
    }
    assert {"leadscore_newest_lead_age_seconds", "leadscore_champion_version", "leadscore_ledger_sound"} <= found
    assert told == f"{len(found)} numbers were published"


def test_without_a_place_for_them_no_number_is_read(champion: Home) -> None:
    assert tick(champion.platform()) == "0 numbers were published"
