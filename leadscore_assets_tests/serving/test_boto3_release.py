import json
from collections.abc import Iterator
from typing import Any

import pytest

from leadscore_assets.domain.routing import routed
from leadscore_assets_tests.serving.bundles import CONTRACT, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until
from leadscore_assets_tests.serving.test_server import runtime
from leadscore_assets_tests.serving.test_workers import canary, counts

__all__ = ["runtime"]
LEADS = records(60)
COLUMNS = [*CONTRACT.names, CONTRACT.created_at]


@pytest.fixture(scope="module")
def server(two: TwoBundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("released") / "endpoint") as server:
        yield server


@pytest.fixture(params=[0.0, 0.1, 0.5], ids=["shadow", "canary 10 %", "canary 50 %"])
def weight(request: pytest.FixtureRequest, server: Server, two: TwoBundles) -> float:
    """The candidate's share of leads; at none it is the shadow as well."""
    share = float(request.param)
    desired = canary(two, share, server.folder.desired(), shadow=share == 0)
    server.folder.write_desired(desired)
    until(lambda: server.serves(desired.generation))
    return share


def invoke(runtime: Any, body: str, kind: str = "application/json", **named: str) -> tuple[str, Any, dict[str, Any]]:
    got = runtime.invoke_endpoint(EndpointName="leadscore", Body=body, ContentType=kind, **named)
    return got["InvokedProductionVariant"], got["Body"].read().decode(), got


def belongs(lead: dict[str, Any], weight: float) -> str:
    return routed(lead["lead_id"], [("champion", 1 - weight), ("candidate", weight)], salt="s")


def test_every_lead_goes_where_the_routing_puts_it_and_is_scored_by_that_bundle(
    runtime: Any, server: Server, two: TwoBundles, weight: float
) -> None:
    digests = {"champion": two.first, "candidate": two.second}
    said = {name: scorer(two.kept, digest).score_records(LEADS).score for name, digest in digests.items()}
    dealt = []
    for at, lead in enumerate(LEADS):
        name, body, got = invoke(
            runtime, json.dumps(lead), InferenceId=f"request-{at}", CustomAttributes=f"trace={at};weight={weight}"
        )
        answer = json.loads(body)
        assert (name, answer["model_digest"]) == (belongs(lead, weight), digests[name])
        assert answer["predictions"][0]["score"] == pytest.approx(said[name][at], abs=1e-5)
        assert got["CustomAttributes"] == f"trace={at};weight={weight}"
        dealt.append(name)
    assert ("candidate" in dealt) is (weight > 0)
    if weight == 0:
        until(lambda: counts(server)["agreement"]["pairs"] >= len(LEADS))


def test_csv_goes_the_same_way_as_json(runtime: Any, weight: float) -> None:
    for lead in LEADS[:15]:
        row = [str(lead.get(name, "")) for name in [CONTRACT.key, *COLUMNS]]
        body = ",".join([CONTRACT.key, *COLUMNS]) + "\n" + ",".join(row)
        name, said, got = invoke(runtime, body, "text/csv", Accept="text/csv")
        assert name == belongs(lead, weight)
        assert got["ContentType"] == "text/csv"
        header, line = (text.split(",") for text in said.splitlines())
        cells = dict(zip(header, line, strict=True))
        answer = json.loads(invoke(runtime, json.dumps(lead))[1])
        assert cells["lead_id"] == lead["lead_id"]
        assert float(cells["score"]) == answer["predictions"][0]["score"]
        assert cells["model_digest"] == answer["model_digest"]


def test_a_row_without_a_key_is_dealt_by_its_inference_id(runtime: Any, weight: float) -> None:
    row = ",".join(str(LEADS[0].get(name, "")) for name in COLUMNS)
    for number in range(30):
        name, _, _ = invoke(runtime, row, "text/csv", InferenceId=f"id-{number}")
        assert name == routed(f"id-{number}", [("champion", 1 - weight), ("candidate", weight)], salt="s")


def test_target_variant_is_honoured_whatever_the_weights(runtime: Any, two: TwoBundles, weight: float) -> None:
    for name, digest in (("champion", two.first), ("candidate", two.second)):
        for lead in LEADS[:10]:
            told, body, _ = invoke(runtime, json.dumps(lead), TargetVariant=name)
            assert (told, json.loads(body)["model_digest"]) == (name, digest)


@pytest.mark.parametrize("name", ["shadow", "previous", "Champion"])
def test_a_variant_that_answers_nobody_is_a_validation_error(runtime: Any, weight: float, name: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationError, match=f"Variant {name} not found") as caught:
        invoke(runtime, json.dumps(LEADS[0]), TargetVariant=name)
    said = caught.value.response
    assert said["Error"]["Code"] == "ValidationError"
    assert said["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_broken_lead_is_a_model_error_that_names_the_variant_it_belongs_to(runtime: Any, weight: float) -> None:
    for lead in LEADS[:10]:
        with pytest.raises(runtime.exceptions.ModelError, match=f"from {belongs(lead, weight)} ") as caught:
            invoke(runtime, json.dumps({**lead, "employees": "many"}))
        assert caught.value.response["OriginalStatusCode"] == 400
        assert belongs(lead, weight) in caught.value.response["LogStreamArn"]
