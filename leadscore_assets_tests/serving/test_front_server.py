"""The live page of a real server with two workers."""

import json
import os
import signal
import stat
from pathlib import Path
from typing import Any

from leadscore_assets.domain.release_story import Story
from leadscore_assets.serving.desired import Desired
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.history import HistoryFile, Sample, VariantSample
from leadscore_assets.serving.story_file import write_story
from leadscore_assets_tests.serving.bundles import placed
from leadscore_assets_tests.serving.conftest import TwoBundles
from leadscore_assets_tests.serving.processes import Server, running, until

PAST = Sample(5.0, 10.0, (VariantSample("champion", 1, 20, 1, 0.5, 2.0),))


def live(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.get("/live.json")[1])
    return found


def test_page_story_and_past_outlive_a_worker_and_the_token_is_there_from_the_start(
    state: Path, two: TwoBundles, tmp_path: Path
) -> None:
    folder = StateFolder(state)
    folder.prepare()
    folder.write_desired(Desired().followed_by([placed(two.kept, two.first, 1)]))
    write_story(folder, Story("champion", 1))
    HistoryFile(folder.history_file).add(PAST)
    with running(state, "--home", str(tmp_path / "nowhere")) as server:
        until(lambda: server.serves(1))
        token = folder.token_file.read_text()
        assert stat.S_IMODE(folder.token_file.stat().st_mode) == 0o600
        before = {item["pid"] for item in live(server)["workers"]}
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        until(lambda: server.serves(1) and len({item["pid"] for item in live(server)["workers"]} - before) == 2)
        assert server.get("/")[0] == 200
        found = live(server)
        assert found["history"][0] == [5.0, 10.0, [["champion", 1, 20, 1, 0.5, 2.0]]]
        assert (found["story"]["phase"], found["rollback"]) == ("champion", True)
        connection = server.connection()
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
        connection.request("POST", "/rollback", b'{"reason": "x"}', headers)
        answer = connection.getresponse()
        assert (answer.status, b"is no home yet" in answer.read()) == (409, True)
        connection.close()
        assert token not in (state / "stderr.log").read_text() + json.dumps(found)
