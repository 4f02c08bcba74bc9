"""The SageMaker endpoint keeps the promises of every endpoint; its emulated containers run the real scoring server."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.aws.endpoint import SageMakerEndpoint
from leadscore_assets.backends.bundle_archive import pack
from leadscore_assets.domain.errors import PermanentError
from leadscore_assets_tests.aws.endpoint.site import NAME, Site
from leadscore_assets_tests.backends.endpoint_contract import LEADS, EndpointContract, Two
from leadscore_assets_tests.serving.bundles import trained


class There:
    """The emulated account, with real containers."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def open(self) -> SageMakerEndpoint:
        return self.site.make()

    def ask(self, lead: dict[str, Any], **more: str) -> dict[str, Any]:
        answer = self.site.account.call(
            "sagemaker-runtime",
            "invoke_endpoint",
            EndpointName=NAME,
            Body=json.dumps(lead).encode(),
            ContentType="application/json",
            **{"InferenceId": lead["lead_id"], **more},
        )
        found: dict[str, Any] = json.loads(answer["Body"].read())
        return found

    def wait(self) -> None:
        self.site.world.metrics.clock.advance(90)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Two:
    return Two(*trained(tmp_path_factory.mktemp("bundles")))


@pytest.fixture
def stage(site: Site, two: Two, tmp_path: Path) -> There:
    site.world.use_processes()
    for digest in two.digests:
        sent(site, two.kept.path(digest), digest, tmp_path)
    return There(site)


def sent(site: Site, folder: Path, digest: str, scratch: Path) -> None:
    """Put a bundle's archive where its digest says."""
    archive = scratch / f"{digest}.tar.gz"
    pack(folder, archive)
    site.store.upload(f"bundles/{digest}/model.tar.gz", archive)


class TestSageMakerEndpoint(EndpointContract):
    """In an emulated account."""


def test_a_client_may_name_the_variant_and_capture_keeps_requests_as_text(stage: There, two: Two) -> None:
    stage.open().deploy(two.shared)
    versions = [stage.ask(lead, TargetVariant="candidate")["model_version"] for lead in LEADS[:5]]
    assert versions == [2] * 5
    key, _ = next(stage.site.store.objects(f"capture/{NAME}/candidate/"))
    stored = stage.site.store.get(key)
    assert stored
    line = json.loads(stored.content)
    sides = line["captureData"]
    assert {side["encoding"] for side in sides.values()} == {"JSON"}
    assert json.loads(sides["endpointInput"]["data"])["lead_id"] == line["eventMetadata"]["inferenceId"]
    assert json.loads(sides["endpointOutput"]["data"])["model_version"] == 2


def test_a_request_that_the_contract_forbids_is_a_model_error_and_counted_as_the_clients(
    stage: There, two: Two
) -> None:
    stage.open().deploy([two.old])
    stage.wait()
    with pytest.raises(PermanentError, match="ModelError"):
        stage.ask({**LEADS[0], "employees": -5})
    stage.wait()
    found = stage.open().counts().variants[0]
    assert (found.requests, found.errors, found.refused) == (0, 0, 1)


def test_a_bundle_that_does_not_hold_never_answers_anybody(stage: There, two: Two, tmp_path: Path) -> None:
    site, broken = stage.site, tmp_path / "broken"
    shutil.copytree(two.kept.path(two.new.digest), broken)
    content = bytearray((broken / "model.ubj").read_bytes())
    content[len(content) // 2] ^= 1
    (broken / "model.ubj").write_bytes(content)
    sent(site, broken, "f" * 64, tmp_path)
    first = stage.open().deploy([two.old])
    with pytest.raises(PermanentError, match="did not pass the ping health check"):
        stage.open().deploy([replace(two.new, digest="f" * 64)])
    assert stage.open().status() == first
    assert stage.ask(LEADS[0])["model_version"] == 1
    assert site.world.running() == 2
