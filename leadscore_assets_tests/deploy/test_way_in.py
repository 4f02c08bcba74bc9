"""The way in from other machines, on one machine and in containers: a real Caddy asks who comes and hides the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadscore_assets_tests.deploy.way_in import CADDY, PASSWORD, WayIn, asked, containers, echo, machine

DEPLOY = Path(__file__).parents[2] / "deploy"
WAYS = {"machine": (machine, DEPLOY / "systemd" / "Caddyfile"), "containers": (containers, DEPLOY / "Caddyfile")}

pytestmark = pytest.mark.skipif(CADDY is None, reason="needs caddy")


@pytest.fixture(scope="module", params=WAYS)
def way_in(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WayIn]:
    """Caddy with a shipped file, before two servers that echo."""
    run, file = WAYS[request.param]
    folder = tmp_path_factory.mktemp("caddy")
    with echo("ui") as ui, echo("scoring") as scoring, run(file, folder, ui=ui, scoring=scoring) as found:
        yield found


def test_nobody_comes_in_without_the_password_and_it_goes_no_further(way_in: WayIn) -> None:
    for address in (way_in.ui, f"{way_in.ui}/graphql", f"{way_in.ui}/approval/x", f"{way_in.scoring}/invocations"):
        assert asked(address)[0] == 401
        assert asked(address, "open barley")[0] == 401
    assert asked(f"{way_in.ui}/runs", PASSWORD) == (200, "ui /runs None")
    assert asked(f"{way_in.scoring}/ping", PASSWORD) == (200, "scoring /ping None")


def test_signed_links_of_approvals_reach_the_scoring_server_by_the_uis_way(way_in: WayIn) -> None:
    assert asked(f"{way_in.ui}/approval/sealed", PASSWORD) == (200, "scoring /approval/sealed None")


@pytest.mark.parametrize("path", ["/rollback", "/live", "/approval/../rollback", "/approval/%2e%2e/rollback"])
def test_the_uis_way_leads_to_no_other_page_of_the_scoring_server(way_in: WayIn, path: str) -> None:
    status, told = asked(f"{way_in.ui}{path}", PASSWORD)
    assert (status, told.split()[:1]) == (200, ["ui"])


@pytest.mark.parametrize("path", ["/", "/live", "/rollback", "/metrics", "/ping/../live", "/invocations/x"])
def test_scoring_from_outside_is_two_paths_and_no_other(way_in: WayIn, path: str) -> None:
    assert asked(f"{way_in.scoring}{path}", PASSWORD)[0] == 404
