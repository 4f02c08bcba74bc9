import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from leadscore_assets.serving.desired import Desired
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets_tests.serving.bundles import CONTRACT, records
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until
from leadscore_assets_tests.serving.test_workers import canary

LEADS = records(20)
PAGES = ("/", "/live.json", "/ping", "/status", "/counts", "/metrics", "/openapi.json")
INVOCATIONS = ("/invocations", "/endpoints/leadscore/invocations")
ROLLBACK = "/rollback"
FORMS = ("application/json", "application/jsonlines", "application/x-ndjson", "text/csv")
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
FEW = settings(max_examples=3, deadline=None, database=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=60)


def _lines(leads: list[dict[str, Any]]) -> bytes:
    return b"\n".join(json.dumps(lead).encode() for lead in leads)


def _csv(leads: list[dict[str, Any]]) -> bytes:
    names = [CONTRACT.key, CONTRACT.created_at, *CONTRACT.names]
    rows = [names, *([str(lead.get(name, "")) for name in names] for lead in leads)]
    return "\n".join(",".join(row) for row in rows).encode()


MOMENTS = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31))
SOME = st.lists(st.sampled_from(LEADS), min_size=1, max_size=5)
# Of RFC 3339's moments all but those outside of UTC's own years 1 to 9999.
schemathesis.openapi.format(
    "date-time",
    st.builds("{}{}".format, MOMENTS.map(datetime.isoformat), st.sampled_from(["Z", "+05:30", "-11:00", "+14:00"])),
)
for name in FORMS[1:3]:
    schemathesis.openapi.media_type(name, SOME.map(_lines))
schemathesis.openapi.media_type("text/csv", SOME.map(_csv))


@pytest.fixture(scope="module")
def server(two: TwoBundles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("described") / "endpoint") as server:
        server.folder.write_desired(canary(two, 0.3, Desired(), shadow=True))
        until(lambda: server.serves(1))
        yield server


@pytest.fixture(scope="module")
def description(server: Server) -> Any:
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}}})
    return schemathesis.openapi.from_dict(json.loads(server.get("/openapi.json")[1]), config=config)


def test_every_operation_that_is_described_is_tested_here(description: Any) -> None:
    described = {(item.ok().path, item.ok().method) for item in description.get_all_operations()}
    posted = (*INVOCATIONS, ROLLBACK)
    assert described == {(path, "get") for path in PAGES} | {(path, "post") for path in posted}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_as_described(server: Server, description: Any, path: str) -> None:
    @FEW
    @given(description[path]["get"].as_strategy(GenerationMode.POSITIVE))
    def conforms(case: Any) -> None:
        assert case.call_and_validate(base_url=server.url, checks=CHECKS).status_code == 200

    conforms()


@pytest.mark.parametrize("path", INVOCATIONS)
def test_what_the_description_allows_is_scored(server: Server, description: Any, path: str) -> None:
    seen: set[str] = set()

    @MANY
    @given(description[path]["post"].as_strategy(GenerationMode.POSITIVE), st.sampled_from(FORMS))
    def conforms(case: Any, accept: str) -> None:
        got = case.call_and_validate(base_url=server.url, headers={"accept": accept}, checks=CHECKS)
        assert got.status_code == 200, (case.body, got.text)
        assert got.headers["content-type"] == [accept]
        seen.add(case.media_type)

    conforms()
    assert seen == set(FORMS)


@pytest.mark.parametrize("path", INVOCATIONS)
def test_what_the_description_forbids_is_refused_as_described(server: Server, description: Any, path: str) -> None:
    seen: set[int] = set()

    @MANY
    @given(description[path]["post"].as_strategy(GenerationMode.NEGATIVE))
    def conforms(case: Any) -> None:
        seen.add(case.call_and_validate(base_url=server.url, checks=[*CHECKS, negative_data_rejection]).status_code)

    conforms()
    assert seen & {400, 424}


def test_a_rollback_without_the_token_is_refused_whatever_it_says(server: Server, description: Any) -> None:
    @FEW
    @given(description[ROLLBACK]["post"].as_strategy(GenerationMode.POSITIVE))
    def conforms(case: Any) -> None:
        assert (
            case.call_and_validate(base_url=server.url, headers={"authorization": ""}, checks=CHECKS).status_code == 401
        )

    conforms()


def test_a_rollback_with_the_token_is_read_as_described(server: Server, description: Any) -> None:
    """This server knows no home, so what it reads well ends there."""
    headers = {"authorization": f"Bearer {PageToken(server.folder.token_file).made()}"}
    checks = [check for check in CHECKS if check is not not_a_server_error]

    @MANY
    @given(description[ROLLBACK]["post"].as_strategy(GenerationMode.POSITIVE))
    def conforms(case: Any) -> None:
        got = case.call_and_validate(base_url=server.url, headers=headers, checks=checks)
        assert got.status_code == 501, (case.body, got.text)

    conforms()


def test_what_the_description_forbids_of_a_rollback_is_refused(server: Server, description: Any) -> None:
    headers = {"authorization": f"Bearer {PageToken(server.folder.token_file).made()}"}
    checks = [check for check in CHECKS if check is not not_a_server_error]
    seen: set[int] = set()

    @MANY
    @given(description[ROLLBACK]["post"].as_strategy(GenerationMode.NEGATIVE))
    def conforms(case: Any) -> None:
        seen.add(case.call_and_validate(base_url=server.url, headers=headers, checks=checks).status_code)

    conforms()
    assert 400 in seen
    assert 200 not in seen
