import json
import shutil
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.backends.local.bundles import LocalBundles
from leadscore_assets.backends.local.endpoint import LocalEndpoint
from leadscore_assets.domain.errors import InvalidInput, PermanentError
from leadscore_assets.domain.facts import EndpointStatus, Variant
from leadscore_assets.serving.desired import CaptureRules
from leadscore_assets_tests.home import free_port
from leadscore_assets_tests.serving.bundles import records, trained
from leadscore_assets_tests.serving.processes import until

LEADS = records(30)
Make = Callable[..., LocalEndpoint]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[LocalBundles, list[str]]:
    return trained(tmp_path_factory.mktemp("bundles"))


@pytest.fixture
def champion(bundles: tuple[LocalBundles, list[str]]) -> Variant:
    return Variant("champion", bundles[1][0], 1, 0.75)


@pytest.fixture
def candidate(bundles: tuple[LocalBundles, list[str]]) -> Variant:
    return Variant("candidate", bundles[1][1], 2, 0.25)


@pytest.fixture
def make(bundles: tuple[LocalBundles, list[str]], tmp_path: Path) -> Iterator[Make]:
    made: list[LocalEndpoint] = []
    port = free_port()

    def build(**change: Any) -> LocalEndpoint:
        chosen = {"bundles": bundles[0], "host": "127.0.0.1", "port": port, "name": "leadscore", **change}
        made.append(LocalEndpoint(folder=tmp_path / "endpoint", **chosen))
        return made[-1]

    yield build
    made[0].stop()


def versions(status: EndpointStatus) -> set[int]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    found = set()
    for lead in LEADS:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{status.address}/invocations", json.dumps(lead).encode(), headers)
        with opener.open(request, timeout=10) as response:
            found.add(json.loads(response.read())["model_version"])
    return found


def test_a_release_goes_through_shadow_canary_and_cutover_and_is_counted(
    make: Make, champion: Variant, candidate: Variant
) -> None:
    endpoint = make(capture=CaptureRules(percent=100.0))
    shadow = replace(candidate, name="shadow", weight=1.0)
    status = endpoint.deploy([champion], shadow=shadow, salt="r1")
    assert (status.variants, status.shadow, status.salt) == ((champion,), shadow, "r1")
    assert versions(status) == {1}
    until(lambda: endpoint.counts().agreement.pairs == len(LEADS))
    until(lambda: endpoint.counts().captured == 2 * len(LEADS))
    assert endpoint.counts().configuration == "1"
    status = endpoint.deploy([champion, candidate])
    assert (status.generation, status.shadow, status.salt) == (2, None, "r1")
    assert versions(status) == {1, 2}
    until(lambda: sum(item.requests for item in endpoint.counts().variants) == len(LEADS))
    found = endpoint.counts().of("candidate")
    assert found
    assert 0 < found.keys < len(LEADS)
    status = endpoint.deploy([replace(candidate, name="champion", weight=1.0)])
    assert versions(status) == {2}
    assert make().status() == status
    stopped = endpoint.stop()
    assert (stopped.running, stopped.salt) == (False, "r1")
    assert endpoint.counts().configuration == "3"


def test_starting_again_brings_shadow_weights_and_salt_back(make: Make, champion: Variant, candidate: Variant) -> None:
    endpoint = make(workers=1)
    shadow = replace(candidate, name="shadow")
    deployed = endpoint.deploy([champion, replace(candidate, weight=0.5)], shadow=shadow, salt="r2")
    endpoint.stop()
    again = endpoint.start()
    assert replace(again, pid=0) == replace(deployed, pid=0)
    assert endpoint.deploy([champion, replace(candidate, weight=0.5)], shadow=shadow) == again


def test_a_shadow_that_does_not_open_is_refused_and_production_stays_as_it_was(
    make: Make, bundles: tuple[LocalBundles, list[str]], champion: Variant, candidate: Variant, tmp_path: Path
) -> None:
    first = make(workers=1).deploy([champion])
    broken = tmp_path / "broken"
    broken.mkdir()
    for digest in bundles[0].digests():
        shutil.copytree(bundles[0].path(digest), broken / digest)
    (broken / candidate.digest / "model.ubj").write_bytes(b"{")
    with pytest.raises(PermanentError, match=r"not served: bundle .* model\.ubj"):
        make(bundles=LocalBundles(broken), workers=1).deploy([champion], shadow=replace(candidate, name="shadow"))
    status = make(workers=1).status()
    assert (status.generation, status.variants, status.shadow) == (1, first.variants, None)
    assert versions(status) == {1}


def test_other_rules_of_capture_hold_without_a_new_generation(make: Make, champion: Variant, tmp_path: Path) -> None:
    status = make(workers=1).deploy([champion])
    versions(status)
    again = make(workers=1, capture=CaptureRules(percent=100.0, masked=("country",))).deploy([champion])
    assert again == status

    def kept() -> str:
        versions(status)
        return "".join(path.read_text() for path in (tmp_path / "endpoint" / "capture").rglob("*.jsonl"))

    assert '\\"country\\":\\"masked\\"' in until(kept)


def test_a_shadow_by_the_name_of_a_variant_is_refused(make: Make, champion: Variant) -> None:
    endpoint = make()
    with pytest.raises(InvalidInput, match="stand twice"):
        endpoint.deploy([champion], shadow=champion)
