"""A release on the emulated SageMaker, from the first model through shadow and canary to a way back."""

import logging
from dataclasses import replace

import pytest

from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Variant
from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.resources_policy import ResourcesPolicy
from leadscore_assets_tests.aws.endpoint.site import CANARY, NAME, NEW, OLD, PLACE, PREVIOUS, SHADOW, Site
from leadscore_assets_tests.serving.processes import until

LASTING = {"leadscore-5xx", "leadscore-latency"}


def updates(site: Site) -> list[dict[str, object]]:
    """Every update that is asked for from here on."""
    seen: list[dict[str, object]] = []
    events = site.account.client("sagemaker").meta.events
    events.register("provide-client-params.sagemaker.UpdateEndpoint", lambda params, **_: seen.append(params))
    return seen


def kind(update: dict[str, object]) -> str:
    """How an update moves traffic."""
    deployment = update.get("DeploymentConfig")
    if not isinstance(deployment, dict):
        return "plain"
    watched = bool(deployment.get("AutoRollbackConfiguration"))
    routing = deployment["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]["Type"]
    return f"{routing} watched" if watched else str(routing)


def test_a_release_goes_from_shadow_over_a_share_to_all_traffic_and_back(site: Site) -> None:
    endpoint, asked = site.make(), updates(site)
    first = endpoint.deploy([OLD], salt="one")
    assert (first.running, first.generation, first.variants, first.salt) == (True, 1, (OLD,), "one")
    assert site.alarms() == LASTING

    shadowed = endpoint.deploy([OLD], shadow=SHADOW, salt="two")
    assert (shadowed.generation, shadowed.shadow, shadowed.salt) == (2, SHADOW, "two")
    assert set(site.ask(5)) == {"primary"}

    shared = endpoint.deploy(CANARY)
    assert (shared.generation, shared.variants, shared.shadow, shared.salt) == (3, CANARY, None, "two")
    answered = site.ask(60)
    assert 5 <= answered.count("candidate") <= 30

    champion = endpoint.deploy([NEW, PREVIOUS])
    assert (champion.generation, champion.variants) == (4, (NEW, PREVIOUS))
    assert site.make().status() == champion
    assert set(site.ask(5)) == {"primary"}
    assert [kind(item) for item in asked] == ["plain", "plain", "CANARY watched", "plain"]
    assert site.world.running() == 2

    back = endpoint.deploy([OLD])
    assert (back.generation, back.variants) == (5, (OLD,))
    assert kind(asked[-1]) == "ALL_AT_ONCE"
    assert asked[-1]["EndpointConfigName"] == f"{NAME}-g1-" + str(asked[-1]["EndpointConfigName"])[-8:]
    assert site.alarms() == LASTING


def test_no_traffic_goes_to_a_shadow_that_takes_over_at_once_before_it_is_watched(site: Site) -> None:
    endpoint, asked = site.make(), updates(site)
    endpoint.deploy([OLD], shadow=SHADOW)
    endpoint.deploy([NEW])
    assert [kind(item) for item in asked] == ["plain", "CANARY watched"]


def test_what_is_deployed_already_is_left_alone(site: Site) -> None:
    endpoint = site.make()
    first = endpoint.deploy(CANARY, salt="one")
    before = site.record()
    assert site.make().deploy(CANARY) == first
    assert site.record() == before


def test_another_salt_or_warm_model_is_a_generation_of_its_own_without_an_update(site: Site) -> None:
    endpoint = site.make()
    first = endpoint.deploy([OLD], salt="one")
    asked = updates(site)
    second = endpoint.deploy([OLD], salt="two")
    third = endpoint.deploy([OLD, replace(PREVIOUS, digest=NEW.digest, version=2)])
    assert [item.generation for item in (first, second, third)] == [1, 2, 3]
    assert asked == []
    assert (third.salt, third.variants[1].name) == ("two", "previous")


def test_other_machines_are_a_new_configuration_of_the_same_models(site: Site) -> None:
    site.make().deploy([OLD])
    other = site.make(resources=ResourcesPolicy(endpoint_instance="ml.c5.xlarge", bake_seconds=0)).start()
    assert (other.generation, other.variants) == (2, (OLD,))
    serving = site.world.endpoints[NAME].fleet
    assert serving
    assert serving.production[0]["InstanceType"] == "ml.c5.xlarge"


def test_stopping_deletes_the_endpoint_and_starting_brings_it_back(site: Site) -> None:
    endpoint = site.make()
    with pytest.raises(Missing, match="never given a model"):
        endpoint.start()
    assert (endpoint.stop().running, endpoint.stop().generation) == (False, 0)
    deployed = endpoint.deploy([OLD], shadow=SHADOW, salt="one")
    stopped = endpoint.stop()
    assert (stopped.running, stopped.stopped, stopped.generation, stopped.variants) == (False, True, 1, (OLD,))
    assert site.world.running() == 0
    assert endpoint.stop() == stopped
    assert site.make().start() == deployed
    assert site.make().start() == deployed
    assert site.record()["issued"] == 1


def test_a_deployment_to_a_stopped_endpoint_starts_it(site: Site) -> None:
    endpoint = site.make()
    endpoint.deploy([OLD])
    endpoint.stop()
    status = endpoint.deploy([NEW])
    assert (status.running, status.stopped, status.variants) == (True, False, (NEW,))


def test_only_what_is_needed_to_serve_and_to_go_back_is_kept(site: Site) -> None:
    endpoint, third = site.make(), Variant("primary", "c" * 64, 3)
    site.store.put(f"bundles/{third.digest}/model.tar.gz", b"hollow")
    for variants, shadow in (([OLD], SHADOW), (CANARY, None), ([NEW, PREVIOUS], None), ([third], None)):
        endpoint.deploy(variants, shadow=shadow)
    assert {name.split("-")[1] for name in site.world.configurations} == {"g3", "g4"}
    assert {name.split("-")[1] for name in site.world.models} == {"v2", "v3"}
    assert set(site.world.endpoints) == {NAME}


def test_what_belongs_to_others_is_left_alone(site: Site) -> None:
    others = site.make(name=f"{NAME}-g")
    others.deploy([NEW])
    before = set(site.world.configurations) | set(site.world.models) | site.alarms()
    endpoint = site.make()
    for variant in (OLD, NEW, replace(OLD, version=3)):
        endpoint.deploy([variant])
    assert before <= set(site.world.configurations) | set(site.world.models) | site.alarms()


def test_load_scales_variants_and_lets_them_go_before_they_disappear(site: Site) -> None:
    scaled = ResourcesPolicy(most_instances=4, bake_seconds=0)
    endpoint = site.make(resources=scaled)

    def targets() -> set[str]:
        found = site.account.call("application-autoscaling", "describe_scalable_targets", ServiceNamespace="sagemaker")
        return {item["ResourceId"].split("/")[-1] for item in found["ScalableTargets"]}

    endpoint.deploy(CANARY)
    assert targets() == {"primary", "candidate"}
    endpoint.deploy([NEW])
    assert targets() == {"primary"}
    endpoint.stop()
    assert targets() == set()
    endpoint.start()
    assert targets() == {"primary"}
    site.make(resources=ResourcesPolicy(bake_seconds=0)).deploy([OLD])
    assert targets() == set()


def test_the_topic_is_told_by_the_alarms_that_stay(site: Site) -> None:
    topic = "arn:aws:sns:us-east-1:123456789012:leadscore"
    site.make(place=replace(PLACE, topic=topic)).deploy([OLD])
    found = list(site.account.pages("cloudwatch", "describe_alarms", "MetricAlarms"))
    assert {item["AlarmName"]: item["AlarmActions"] for item in found} == {name: [topic] for name in LASTING}


def test_progress_is_told_while_it_lasts(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    endpoint = site.make()
    with caplog.at_level(logging.INFO, logger="leadscore_assets"):
        endpoint.deploy([OLD])
        endpoint.deploy([NEW])
    told = [item.message for item in caplog.records if item.name.startswith("leadscore_assets")]
    assert "endpoint leadscore: Creating primary Creating" in told
    assert "endpoint leadscore: Updating primary Baking" in told
    assert told[-1] == "endpoint leadscore: InService"


def test_the_story_lies_beside_the_record_and_there_is_no_page(site: Site) -> None:
    endpoint = site.make()
    endpoint.tell(Story("canary", champion=1, candidate=2))
    endpoint.tell(Story("champion", champion=2))
    assert Story.from_json(site.document("story.json")) == Story("champion", champion=2)
    with pytest.raises(Missing, match="leadscore rollback"):
        endpoint.token(new=True)
    assert endpoint.deals_by == "request"


@pytest.mark.parametrize("name", ["under_score", "x" * 41, "a--b", ""])
def test_a_name_that_leaves_no_room_is_refused(site: Site, name: str) -> None:
    with pytest.raises(InvalidInput, match="endpoint name"):
        site.make(name=name)


def test_an_unknown_bundle_is_missing_and_nothing_is_written(site: Site) -> None:
    with pytest.raises(Missing, match="bundle cccccccccccc is not at s3://"):
        site.make().deploy([replace(OLD, digest="c" * 64)])
    assert site.store.get(f"endpoint/{NAME}/desired.json") is None
    assert site.world.models == {}


def test_what_somebody_else_put_into_service_is_told_as_it_is_and_brought_back(site: Site) -> None:
    endpoint = site.make()
    wanted = endpoint.deploy([OLD])
    mine = site.world.configurations[site.world.endpoints[NAME].configuration]
    fleets = [{**mine["ProductionVariants"][0], "VariantName": name} for name in ("primary", "extra")]
    site.account.call("sagemaker", "create_endpoint_config", EndpointConfigName="by-hand", ProductionVariants=fleets)
    site.account.call("sagemaker", "update_endpoint", EndpointName=NAME, EndpointConfigName="by-hand")
    seen = until(lambda: status if not (status := site.make().status()).error else None)
    assert (seen.running, seen.generation, seen.variants) == (True, 0, (OLD, replace(OLD, name="extra")))
    assert site.make().deploy([OLD]) == wanted
    assert site.world.endpoints[NAME].configuration != "by-hand"
