"""The live page, its data and the rollback's door, in process."""

import base64
import fcntl
import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from leadscore_assets.domain.release_story import Decision, Story
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.front import Front
from leadscore_assets.serving.history import HistoryFile, Sample, VariantSample
from leadscore_assets.serving.home_command import HomeCommand, told
from leadscore_assets.serving.models import Live
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.rollback_order import Order
from leadscore_assets.serving.station import Station
from leadscore_assets.serving.story_file import read_story, write_story
from leadscore_assets_tests.serving.asgi import Got, call
from leadscore_assets_tests.serving.bundles import records

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"
STORY = Story("canary", 1, 2, weight=0.1, reason=HOSTILE, decisions=(Decision(NOW, 2, "a", "b", 0.1, "ann", HOSTILE),))
Make = Callable[..., ScoringApp]


@pytest.fixture
def folder(state: Path) -> StateFolder:
    found = StateFolder(state)
    found.prepare()
    return found


@pytest.fixture
def make(live: Live, folder: StateFolder) -> Iterator[Make]:
    made: list[ScoringApp] = []

    def build(home: Path | None = None) -> ScoringApp:
        station = Station(live)
        front = Front(folder, station, name="leadscore", home=home)
        made.append(ScoringApp(name="leadscore", instance="here", live=live, station=station, front=front))
        return made[-1]

    yield build
    for app in made:
        app.close()


def roll_back(app: ScoringApp, token: str | None, body: Any = None, **headers: str) -> Got:
    sent = {"host": "127.0.0.1:8321", **({"authorization": f"Bearer {token}"} if token else {})}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return call(app, "/rollback", {} if body is None else body, headers=sent)


def test_the_page_allows_its_own_style_and_script_and_nothing_else(make: Make) -> None:
    got = call(make(), "/", method="GET")
    assert got.status == 200
    policy = dict(part.strip().split(" ", 1) for part in got.headers["content-security-policy"].split(";"))
    page = got.body.decode()
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.+?)</{name}>", page, re.DOTALL)
        assert policy[f"{name}-src"] == f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
    assert (policy["default-src"], policy["frame-ancestors"], policy["connect-src"]) == ("'none'", "'none'", "'self'")
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["referrer-policy"] == "no-referrer"
    assert got.headers["cache-control"] == "no-store"
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(", page)


def test_live_json_tells_what_is_served_the_last_hour_and_the_story(make: Make, folder: StateFolder) -> None:
    write_story(folder, STORY)
    HistoryFile(folder.history_file).add(Sample(5.0, 10.0, (VariantSample("champion", 3, 20, 1, 0.5, 2.0),)))
    got = call(make(), "/live.json", method="GET")
    assert (got.status, got.headers["cache-control"]) == (200, "no-store")
    found = got.json
    assert [(item["name"], item["version"], item["share"]) for item in found["variants"]] == [("champion", 3, 1.0)]
    assert found["history"] == [[5.0, 10.0, [["champion", 3, 20, 1, 0.5, 2.0]]]]
    assert (found["story"]["phase"], found["story"]["candidate"], found["shadow"]) == ("canary", 2, None)
    assert found["story"]["decisions"][0]["reason"] == HOSTILE
    assert found["rollback"] is False


@pytest.mark.parametrize("content", [None, b"{", b"{}", b'{"phase": 7}', b"\xff", b"[" * 100_000])
def test_without_a_story_or_with_a_broken_one_the_page_shows_what_the_server_knows(
    make: Make, folder: StateFolder, content: bytes | None
) -> None:
    if content is not None:
        folder.story_file.write_bytes(content)
    found = call(make(), "/live.json", method="GET").json
    assert found["story"] is None
    assert found["variants"][0]["version"] == 3


def test_a_story_is_written_whole_and_read_back(folder: StateFolder) -> None:
    write_story(folder, STORY)
    assert read_story(folder) == STORY
    assert [path.name for path in folder.path.iterdir()] == ["story.json"]


def test_a_token_is_made_once_for_its_owner_alone_and_a_new_one_ends_it(folder: StateFolder) -> None:
    token = PageToken(folder.token_file)
    assert not token.allows("")
    first = token.made()
    assert token.made() == first
    assert len(bytes.fromhex(first)) == 32
    assert stat.S_IMODE(folder.token_file.stat().st_mode) == 0o600
    assert token.allows(first)
    second = token.renewed()
    assert stat.S_IMODE(folder.token_file.stat().st_mode) == 0o600
    assert (token.allows(first), token.allows(second), token.allows("ü"), token.allows("")) == (
        False,
        True,
        False,
        False,
    )
    folder.token_file.write_text("")
    assert not token.allows("")


def test_without_the_token_or_with_a_wrong_one_nothing_is_said_but_401(make: Make, folder: StateFolder) -> None:
    app, token = make(folder.path), PageToken(folder.token_file).made()
    for given in (None, "x", token[:-1], f"{token}0", token.upper() if token != token.upper() else "A"):
        got = roll_back(app, given, b"not json")
        assert (got.status, got.headers["www-authenticate"]) == (401, 'Bearer realm="leadscore rollback"')
        assert token not in got.body.decode()
    basic = call(app, "/rollback", {}, headers={"authorization": f"Basic {token}"})
    assert basic.status == 401
    assert not (folder.path / "rollback.lock").exists()


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ({}, {"content_type": "text/plain"}, 415),
        ({}, {"content_type": "application/x-www-form-urlencoded"}, 415),
        ({}, {"content_encoding": "gzip"}, 415),
        ({"reason": "x" * 5000}, {}, 413),
        (b"{", {}, 400),
        ({"reason": "x" * 501}, {}, 400),
        ({"reason": 7}, {}, 400),
        ({"to": 0}, {}, 400),
        ({"to": "2"}, {}, 400),
        ({"until": 2}, {}, 400),
        ([], {}, 400),
        ({}, {"origin": "http://elsewhere.example"}, 403),
        ({}, {"origin": "null"}, 403),
        ({}, {"origin": "http://127.0.0.1:9999"}, 403),
    ],
)
def test_an_order_that_is_wrong_is_refused(
    make: Make, folder: StateFolder, body: Any, headers: dict[str, str], status: int
) -> None:
    got = roll_back(make(folder.path), PageToken(folder.token_file).made(), body, **headers)
    assert got.status == status
    assert got.json["error"]


def test_a_server_without_a_home_says_what_to_do_instead(make: Make, folder: StateFolder) -> None:
    token = PageToken(folder.token_file).made()
    got = roll_back(make(), token, {"reason": "x", "to": None}, origin="http://127.0.0.1:8321")
    assert got.status == 501
    assert "leadscore rollback" in got.json["error"]


def test_each_path_takes_its_own_methods(make: Make) -> None:
    app = make()
    for path, allowed in (("/", "GET, HEAD"), ("/live.json", "GET, HEAD"), ("/rollback", "POST")):
        got = call(app, path, method="DELETE")
        assert (got.status, got.headers["allow"]) == (405, allowed)
    assert call(app, "/rollback", method="GET").status == 405
    assert call(app, "/other", method="GET").status == 404


def test_nothing_of_this_counts_as_a_scoring_request(make: Make) -> None:
    app = make()
    for path, method in (("/", "GET"), ("/live.json", "GET"), ("/rollback", "POST"), ("/rollback", "GET")):
        call(app, path, method=method)
    assert (app.station.requests.served, app.station.requests.refused, app.station.requests.failed) == (0, 0, 0)
    assert app.station.counts().variants == ()
    call(app, "/invocations", records(1)[0])
    assert app.station.requests.served == 1


def test_a_refusal_of_the_command_is_409_with_its_reason(make: Make, folder: StateFolder, tmp_path: Path) -> None:
    got = roll_back(make(tmp_path / "nowhere"), PageToken(folder.token_file).made(), {"to": 2})
    assert got.status == 409
    assert "is no home yet" in got.json["error"]


def test_one_rollback_at_a_time_and_not_for_ever(folder: StateFolder, tmp_path: Path) -> None:
    lock = folder.path / "rollback.lock"
    with pytest.raises(RefusedRequest, match="not done after 0 seconds") as slow:
        HomeCommand(tmp_path, lock, "rollback", seconds=0.01).carry_out("rollback")
    assert slow.value.status == 504
    handle = os.open(lock, os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(RefusedRequest, match="another rollback is under way") as busy:
        HomeCommand(tmp_path, lock, "rollback").carry_out("rollback")
    assert busy.value.status == 409
    os.close(handle)


@pytest.mark.parametrize(
    ("code", "out", "err", "status"),
    [
        (1, "", "Error: nothing to go back to\n", 409),
        (1, "", "Traceback (most recent call last):\n  File /secret/place\nValueError: token\n", 500),
        (2, "", "Usage: leadscore rollback\nError: No such option\n", 500),
        (0, "not json", "", 500),
        (-9, "", "", 500),
    ],
)
def test_a_failure_of_the_command_says_nothing_of_its_inside(code: int, out: str, err: str, status: int) -> None:
    with pytest.raises(RefusedRequest) as caught:
        told(subprocess.CompletedProcess([], code, out, err), "rollback")
    assert caught.value.status == status
    assert "secret" not in f"{caught.value}"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("", "asked for on the endpoint's page"), (" a\n\x00b\x1b[31m ", "a b [31m"), ("--to 3", "--to 3")],
)
def test_a_reason_becomes_one_line_of_visible_text(reason: str, shown: str) -> None:
    assert Order(reason).why == shown


def test_the_description_names_the_rollback_and_its_token(make: Make) -> None:
    told_ = call(make(), "/openapi.json", method="GET").json
    assert told_["paths"]["/rollback"]["post"]["security"] == [{"token": []}]
    assert told_["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert set(told_["paths"]["/rollback"]["post"]["responses"]) >= {"200", "401", "409", "413", "415", "501"}
    assert {"/", "/live.json"} <= set(told_["paths"])
