import asyncio
import dataclasses
import json
import logging
from typing import Any

import pytest

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.invocation import Asked
from leadscore_assets.serving.models import Live
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles


@pytest.fixture
def empty() -> Any:
    app = ScoringApp(name="leadscore", instance="here", live=Live())
    yield app
    app.close()


def test_ping_says_whether_a_model_serves(app: ScoringApp, empty: ScoringApp) -> None:
    assert call(app, "/ping", method="GET").status == 200
    assert call(empty, "/ping", method="GET").status == 503


@pytest.mark.parametrize("path", ["/invocations", INVOKE])
def test_before_a_model_serves_an_invocation_gets_503(empty: ScoringApp, path: str) -> None:
    got = call(empty, path, records(1)[0])
    assert got.status == 503
    assert "no model serves yet" in got.body.decode()


def test_one_lead_gets_its_offline_score_and_the_models_version(app: ScoringApp, two: TwoBundles) -> None:
    lead = records(1)[0]
    offline = scorer(two.kept, two.first).score_records([lead])
    got = call(app, "/invocations", lead)
    assert got.status == 200
    assert got.json["model_version"] == 3
    assert got.json["model_digest"] == two.first
    assert got.json["predictions"] == [
        {
            "score": offline.score[0],
            "score_rounded": offline.rounded[0],
            "band": offline.band[0],
            "conversion_probability": offline.probability[0],  # type: ignore[index]
            "lead_id": lead["lead_id"],
        }
    ]


@pytest.mark.parametrize("rows", [2, 64, 65, 1000])
def test_a_batch_has_bit_equal_scores_in_the_requests_order(app: ScoringApp, two: TwoBundles, rows: int) -> None:
    sent = records(rows)
    got = call(app, "/invocations", sent, pieces=7).json["predictions"]
    assert [item["score"] for item in got] == scorer(two.kept, two.first).score_records(sent).score.tolist()
    assert [item["lead_id"] for item in got] == [lead["lead_id"] for lead in sent]


def test_status_tells_variants_counts_and_process(app: ScoringApp, two: TwoBundles) -> None:
    call(app, "/invocations", records(1)[0])
    call(app, "/invocations", b"{")
    told = call(app, "/status", method="GET").json
    assert told["variants"] == [{"name": "champion", "digest": two.first, "version": 3, "weight": 1.0}]
    assert told["requests"] == {"served": 1, "refused": 1, "failed": 0}
    assert (told["generation"], told["name"], told["instance"], told["error"]) == (1, "leadscore", "here", None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/invocations", 405),
        ("PUT", INVOKE, 405),
        ("POST", "/ping", 405),
        ("DELETE", "/status", 405),
        ("GET", "/", 404),
        ("POST", "/invocations/", 404),
        ("POST", "/endpoints/a/b/invocations", 404),
        ("POST", "/status/../invocations", 404),
    ],
)
def test_a_wrong_method_or_path_is_refused(app: ScoringApp, method: str, path: str, status: int) -> None:
    got = call(app, path, b"{}", method=method)
    assert got.status == status
    assert got.json["error"]
    assert ("allow" in got.headers) == (status == 405)


def test_a_fault_inside_the_model_is_a_500_without_traceback_or_lead_in_answer_and_log(
    app: ScoringApp, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    serving = live.serving
    assert serving
    (model,) = serving.models
    broken = dataclasses.replace(model, scorer=dataclasses.replace(model.scorer, model=None, single=None))  # type: ignore[arg-type]
    live.serving = dataclasses.replace(serving, models=(broken,))
    lead = {**records(1)[0], "lead_id": "very-secret"}
    with caplog.at_level(logging.ERROR):
        got = call(app, "/invocations", lead)
    assert got.status == 500
    assert "Traceback" not in got.body.decode()
    assert "AttributeError" in caplog.text
    assert "very-secret" not in caplog.text + got.body.decode()


def test_a_client_that_goes_away_gets_no_answer_and_breaks_nothing(app: ScoringApp) -> None:
    sent: list[Any] = []

    async def gone() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "POST", "path": "/invocations", "headers": []}, gone, send))
    assert sent == []
    assert call(app, "/ping", method="GET").status == 200


def test_too_many_large_requests_at_once_are_told_to_come_back(app: ScoringApp, live: Live) -> None:
    assert live.serving
    asked = Asked(live.serving, json.dumps(records(70)).encode())

    async def flood() -> list[Any]:
        return await asyncio.gather(*(app._desk.answer(asked) for _ in range(60)))

    replies = [done.reply for done in asyncio.run(flood())]
    refused = [reply for reply in replies if reply.status != 200]
    assert {reply.status for reply in refused} == {503}
    assert {reply.headers for reply in refused} == {((b"retry-after", b"1"),)}
    assert len(replies) - len(refused) == 32
