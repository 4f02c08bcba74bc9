"""A batch's answers: with the score before clipping and the reasons, in the bits that a list has from the run."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from leadscore_assets.serving.container_app import ContainerApp
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.models import Live, opened
from leadscore_assets.serving.payload import MAXIMUM_RECORDS
from leadscore_assets_tests.serving.asgi import Got, call
from leadscore_assets_tests.serving.bundles import leads, placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles

LINES = {"content-type": "application/jsonlines", "accept": "application/jsonlines"}
Asking = Callable[[list[dict[str, Any]]], Got]


@pytest.fixture
def ask(two: TwoBundles) -> Iterator[Callable[[int], Asking]]:
    """Make a container that gives so many reasons, and ask it with leads, a line each."""
    apps = []

    def made(reasons: int) -> Asking:
        serving = opened(Release(1, (placed(two.kept, two.first, 3),)), now=None, reasons=reasons)
        apps.append(ContainerApp(name="batch", instance="here", live=Live(serving=serving)))
        return partial(_asked, apps[-1])

    yield made
    for app in apps:
        app.close()


def _asked(app: ContainerApp, sent: list[dict[str, Any]]) -> Got:
    return call(app, "/invocations", "\n".join(map(json.dumps, sent)).encode(), headers=LINES)


@pytest.mark.parametrize("rows", [1, 3, 150])
def test_scores_and_reasons_are_those_of_the_table_in_every_bit(
    ask: Callable[[int], Asking], two: TwoBundles, rows: int
) -> None:
    got = ask(2)(records(rows))
    assert (got.status, got.headers["content-type"]) == (200, "application/jsonlines")
    lines = [json.loads(line) for line in got.body.splitlines()]
    batch, table = scorer(two.kept, two.first), leads(rows, seed=7)
    scored, reasons = batch.score_table(table), batch.reasons(table, most=2)
    assert [line["raw"] for line in lines] == scored.raw.tolist()
    assert [line["score"] for line in lines] == scored.score.tolist()
    assert [line["band"] for line in lines] == scored.band
    assert [line["lead_id"] for line in lines] == table["lead_id"].to_pylist()
    assert {line["model_digest"] for line in lines} == {two.first}
    told = [[(item["feature"], item["contribution"]) for item in line["reasons"]] for line in lines]
    assert told == [[(item.feature, item.contribution) for item in found] for found in reasons]


def test_no_reasons_leave_the_score_before_clipping(ask: Callable[[int], Asking]) -> None:
    line = json.loads(ask(0)(records(1)).body)
    assert line["reasons"] == []
    assert isinstance(line["raw"], float)


def test_an_endpoint_gives_neither(two: TwoBundles) -> None:
    serving = opened(Release(1, (placed(two.kept, two.first, 3),)), now=None)
    app = ContainerApp(name="primary", instance="here", live=Live(serving=serving))
    lines = [json.loads(line) for line in _asked(app, records(3)).body.splitlines()]
    app.close()
    assert not any({"raw", "reasons"} & set(line) for line in lines)


def test_a_lead_that_keeps_todays_limits_and_not_the_bundles_is_scored_as_in_the_run(
    ask: Callable[[int], Asking], two: TwoBundles
) -> None:
    lead = {**records(1)[0], "employees": 2_000_000, "industry": "mining"}
    del lead["country"]
    line = json.loads(ask(1)([lead]).body)
    assert line["score"] == scorer(two.kept, two.first).score_records([lead]).score[0]


@pytest.mark.parametrize(
    ("change", "rule"),
    [({"employees": "many"}, "employees"), ({"surprise": 1}, "surprise"), ({"converted": 1}, "outcome")],
)
def test_what_is_no_lead_is_refused_all_the_same(
    ask: Callable[[int], Asking], change: dict[str, Any], rule: str
) -> None:
    got = ask(1)([records(1)[0], {**records(1)[0], **change}])
    assert got.status == 400
    assert rule in got.body.decode()


def test_a_batch_may_hold_more_leads_than_a_request_of_an_endpoint(ask: Callable[[int], Asking]) -> None:
    lead = {"created_at": "2026-01-05T00:00:00Z", "employees": 7}
    got = ask(0)([lead] * (MAXIMUM_RECORDS + 1))
    assert len(got.body.splitlines()) == MAXIMUM_RECORDS + 1
