import random

import psutil
import pytest

from benchmarks.hostile import main
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets_tests.serving.asgi import call
from leadscore_assets_tests.serving.bundles import records
from leadscore_assets_tests.serving.hostile import hostile

LEADS = records(50)
GROWTH = 64 << 20


def test_a_hostile_body_gets_a_4xx_or_a_score_of_the_range(app: ScoringApp) -> None:
    draw = random.Random(20260105)
    found: dict[int, int] = {}
    process, before = psutil.Process(), 0
    for number in range(600):
        if number == 200:
            before = process.memory_info().rss
        body, content_type = hostile(draw.choice(LEADS), draw)
        got = call(app, "/invocations", body, headers={"content-type": content_type})
        found[got.status] = found.get(got.status, 0) + 1
        if got.status == 200:
            assert all(1 <= item["score"] <= 5 for item in got.json["predictions"])
        else:
            assert 400 <= got.status < 500, (content_type, body[:300])
            assert got.json["error"]
    assert found.keys() >= {200, 400, 413, 415}
    assert process.memory_info().rss - before < GROWTH
    assert call(app, "/invocations", LEADS[0]).status == 200
    assert app.station.requests.failed == 0


@pytest.mark.slow
def test_ten_thousand_hostile_bodies_leave_a_real_server_as_large_as_it_was() -> None:
    found = main(10_000)
    assert sum(found.values()) == 10_000
    assert found.keys() >= {200, 400, 413, 415}
    assert max(found) < 500
