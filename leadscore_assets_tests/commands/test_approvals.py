"""Approving by command and by signed link: what they say, what they record, and what a look at a link leaves alone."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlparse

import pytest

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.approval_door import ApprovalDoor
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.front import Front
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.station import Station
from leadscore_assets.steps.releasing import package_candidate, release
from leadscore_assets_tests.home import NEW, Home, refused, run_cli
from leadscore_assets_tests.serving.asgi import Got, call

FORM = {"content-type": "application/x-www-form-urlencoded", "host": "127.0.0.1:8321"}


@pytest.fixture
def home(copy: Callable[[Home], Home], asking_roles: Home) -> Home:
    """Version 2 waits for both roles."""
    found = copy(asking_roles)
    with (found.path / "leadscore.toml").open("a") as file:
        file.write('\n[approval.roles]\nbusiness = ["ben"]\n')
    platform = found.platform()
    assert package_candidate(platform, NEW)
    release(platform)
    return found


@pytest.fixture
def app(home: Home, tmp_path: Path) -> ScoringApp:
    """The endpoint's pages on this home."""
    folder = StateFolder(tmp_path / "state")
    folder.prepare()
    live = Live(None)
    station = Station(live)
    front = Front(folder, station, name="leadscore", home=home.path)
    return ScoringApp(name="leadscore", instance="here", live=live, station=station, front=front)


def page(got: Got) -> str:
    assert got.headers["content-type"].startswith("text/html")
    assert "form-action 'self'" in got.headers["content-security-policy"]
    return got.body.decode()


def test_each_role_approves_in_its_own_way_and_status_says_who_is_missing(
    home: Home, app: ScoringApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADSCORE_USER", "eve")
    refused(run_cli("--home", str(home.path), "release", "approve", "2", "--role", "ml_lead"), "eve launched")
    monkeypatch.setenv("LEADSCORE_USER", "ann")
    told = home.cli("release", "approve", "2", "--role", "ml_lead", "--comment", "looked at").out
    assert "waits for approval as business, approved by ann as ml_lead" in told
    shown = home.cli("release", "status").out
    assert "Approved  by ann as ml_lead, counts until" in shown
    assert "Missing   approval as business by ben" in shown
    assert home.cli("release", "status", "--json").json["approval"]["missing"] == ["business"]
    told = home.cli("release", "link", "2", "--role", "business", "--json").json
    assert (told["who"], stat.S_IMODE((home.path / "approval.key").stat().st_mode)) == ("ben", 0o600)
    a_link_approves_once_and_by_its_button_alone(home, app, urlparse(told["url"]).path)
    assert "it sets off at" in home.cli("release", "status").out
    home.cli("release", "withdraw", "2", "--comment", "the wrong week")
    words = [item.evidence for item in home.platform().ledger.records(action="approval")]
    assert [(item["who"], item["role"], item["decision"], item["way"]) for item in words] == [
        ("ann", "ml_lead", "approved", "command"),
        ("ben", "business", "approved", "link"),
        ("ann", "ml_lead", "withdrawn", "command"),
    ]
    assert words[1]["comment"] == "fine, go"


def a_link_approves_once_and_by_its_button_alone(home: Home, app: ScoringApp, path: str) -> None:
    before = home.platform().ledger.records()
    text = page(call(app, path, method="GET"))
    assert "spearman" in text
    assert "ben is asked as <b>business</b>" in text
    assert home.platform().ledger.records() == before
    approve = b"decision=approved&comment=fine%2C+go"
    for bad, body, headers, status in (
        (path[:-1] + ("0" if path[-1] != "0" else "1"), approve, FORM, 403),
        (path, approve, FORM | {"origin": "http://elsewhere.example"}, 403),
        (path, b'{"decision": "approved"}', {**FORM, "content-type": "application/json"}, 415),
        (path, b"decision=perhaps", FORM, 400),
        (path, b"decision=approved&comment=" + b"x" * 9000, FORM, 413),
    ):
        page(got := call(app, bad, body, headers=headers))
        assert got.status == status
    assert call(app, path, method="DELETE").headers["allow"] == "GET, HEAD, POST"
    assert home.platform().ledger.records() == before
    done = call(app, path, approve, headers=FORM | {"origin": "http://127.0.0.1:8321"})
    assert "Approved" in page(done)
    again = call(app, path, approve, headers=FORM)
    assert (again.status, "this link was used" in page(again)) == (409, True)


def test_a_link_that_expired_is_told_so_and_one_of_another_home_opens_nothing(home: Home, tmp_path: Path) -> None:
    url = home.cli("release", "link", "2", "--role", "business", "--hours", "1").out.split()[0]
    path = urlparse(url).path

    def ask(place: Path, hours: float) -> str:
        door = ApprovalDoor(place, tmp_path / "lock", now=lambda: datetime.now(UTC) + timedelta(hours=hours))
        live = Live(None)
        front = Front(StateFolder(tmp_path), Station(live), name="leadscore", home=place)
        front._door = door
        app = ScoringApp(name="leadscore", instance="here", live=live, front=front)
        got = call(app, path, method="GET")
        assert got.status == 403
        return page(got)

    assert "this link expired" in ask(home.path, 1.1)
    assert "was not made here" in ask(tmp_path, 0)
    refused(run_cli("--home", str(home.path), "release", "link", "2", "--role", "ml_lead"), "--for")
