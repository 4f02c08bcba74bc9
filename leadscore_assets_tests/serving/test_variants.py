import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from leadscore_assets.domain.serving_counts import INVALID_OUTPUT
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.models import Live, opened
from leadscore_assets.serving.station import Station
from leadscore_assets_tests.serving.asgi import INVOKE, call
from leadscore_assets_tests.serving.bundles import placed, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles

VARIANT = "x-amzn-invoked-production-variant"
TARGET = "x-amzn-sagemaker-target-variant"
LEADS = records(60)


def release(two: TwoBundles, *, candidate: float, generation: int = 1) -> Release:
    champion = placed(two.kept, two.first, 1)
    other = placed(two.kept, two.second, 2)
    other = type(other)("candidate", other.digest, 2, candidate, other.bundle)
    champion = type(champion)("champion", champion.digest, 1, 1.0 - candidate, champion.bundle)
    return Release(generation, (champion, other), salt="s")


def serve(live: Live, station: Station, what: Release) -> None:
    serving = opened(what, now=live.serving)
    station.turn(serving)
    live.serving = serving


@pytest.fixture
def split(two: TwoBundles) -> Iterator[ScoringApp]:
    live = Live()
    station = Station(live)
    serve(live, station, release(two, candidate=0.3))
    app = ScoringApp(name="leadscore", instance="here", live=live, station=station)
    yield app
    app.close()


def variant_of(app: ScoringApp, body: Any, path: str = "/invocations", **headers: str) -> str:
    got = call(app, path, body, headers=headers)
    assert got.status == 200, got.body
    return got.headers[VARIANT]


def test_a_lead_stays_with_its_variant_and_is_scored_by_it(split: ScoringApp, two: TwoBundles) -> None:
    digests = {"champion": two.first, "candidate": two.second}
    seen = {}
    for lead in LEADS:
        got = call(split, "/invocations", lead)
        name = got.headers[VARIANT]
        assert got.json["model_digest"] == digests[name]
        assert got.json["predictions"][0]["score"] == scorer(two.kept, digests[name]).score_records([lead]).score[0]
        assert {variant_of(split, lead), variant_of(split, lead, INVOKE)} == {name}
        seen[lead["lead_id"]] = name
    assert 5 <= list(seen.values()).count("candidate") <= 35


def test_raising_the_weight_moves_leads_one_way_only(split: ScoringApp, two: TwoBundles) -> None:
    before = {lead["lead_id"] for lead in LEADS if variant_of(split, lead) == "candidate"}
    serve(split.live, split.station, release(two, candidate=0.6, generation=2))
    after = {lead["lead_id"] for lead in LEADS if variant_of(split, lead) == "candidate"}
    assert before < after


def test_an_id_is_the_same_lead_as_number_and_as_text_in_any_form(split: ScoringApp) -> None:
    for number in range(20):
        forms = [{**LEADS[0], "lead_id": number}, {**LEADS[0], "lead_id": str(number)}]
        names = {variant_of(split, form) for form in forms} | {variant_of(split, [form]) for form in forms}
        lines = json.dumps(forms[0]).encode()
        names.add(variant_of(split, lines, **{"content-type": "application/jsonlines"}))
        assert len(names) == 1


def test_several_leads_go_together_where_the_first_belongs(split: ScoringApp) -> None:
    for lead in LEADS[:10]:
        assert variant_of(split, [lead, *LEADS[20:25]]) == variant_of(split, lead)


def test_without_a_key_a_request_is_dealt_by_itself_and_by_its_inference_id_where_it_has_one(split: ScoringApp) -> None:
    lead = {name: value for name, value in LEADS[0].items() if name != "lead_id"}
    assert {variant_of(split, lead) for _ in range(60)} == {"champion", "candidate"}
    identity = {"x-amzn-sagemaker-inference-id": "request-1"}
    assert len({variant_of(split, lead, INVOKE, **identity) for _ in range(10)}) == 1


def test_the_variant_that_is_named_answers_and_an_unknown_one_is_refused(split: ScoringApp) -> None:
    for name in ("champion", "candidate"):
        assert {variant_of(split, lead, path, **{TARGET: name}) for lead in LEADS[:5] for path in PATHS} == {name}
    for path in PATHS:
        got = call(split, path, LEADS[0], headers={TARGET: "shadow"})
        assert got.status == 400
        assert "Variant shadow not found; this endpoint has champion, candidate." in got.body.decode()


PATHS = ("/invocations", INVOKE)


def test_requests_are_counted_by_variant_and_distinct_leads_once(split: ScoringApp) -> None:
    for lead in LEADS[:10]:
        for _ in range(3):
            call(split, "/invocations", lead)
    call(split, "/invocations", LEADS[0], headers={TARGET: "candidate"})
    call(split, "/invocations", {**LEADS[0], "industry": "unheard of"})
    counts = split.station.counts()
    assert sum(item.requests for item in counts.variants) == 30
    assert sum(item.keys for item in counts.variants) == 10
    assert sum(sum(item.latency_counts) for item in counts.variants) == 30
    assert sum(sum(item.key_latency_counts) for item in counts.variants) == 10
    assert sum(item.refused for item in counts.variants) == 1
    assert sum(item.targeted for item in counts.variants) == 1
    assert sum(item.errors for item in counts.variants) == 0
    assert counts.configuration == "1"


def test_a_new_configuration_is_counted_from_zero_and_a_late_answer_of_the_old_one_is_not(
    split: ScoringApp, two: TwoBundles
) -> None:
    call(split, "/invocations", LEADS[0])
    serve(split.live, split.station, release(two, candidate=0.5, generation=2))
    assert split.station.counts().variants == ()
    call(split, "/invocations", LEADS[0])
    counts = split.station.counts()
    assert (counts.configuration, sum(item.keys for item in counts.variants)) == ("2", 1)


@pytest.mark.parametrize("margin", [np.nan, np.inf])
def test_an_answer_that_is_no_score_is_an_invalid_output_of_its_variant_alone(
    split: ScoringApp, two: TwoBundles, margin: float, caplog: pytest.LogCaptureFixture
) -> None:
    serving = split.live.serving
    assert serving
    champion, candidate = serving.models
    loose = dataclasses.replace(candidate.scorer, model=_Broken(margin), single=None, clip=False)  # type: ignore[arg-type]
    split.live.serving = dataclasses.replace(serving, models=(champion, dataclasses.replace(candidate, scorer=loose)))
    mine = [lead for lead in LEADS if serving.routed(lead["lead_id"]) is candidate]
    with np.errstate(invalid="ignore"):
        assert {call(split, "/invocations", lead).status for lead in mine} == {500}
    counts = split.station.counts().of("candidate")
    assert counts
    assert (counts.errors, counts.invalid, counts.key_errors, counts.key_invalid) == (len(mine),) * 4
    assert split.station.counts().of("champion") is None
    told = [record.getMessage() for record in caplog.records if INVALID_OUTPUT in record.getMessage()]
    assert told == [f"{INVALID_OUTPUT} of candidate, version 2, digest {two.second}"] * len(mine)
    assert len(caplog.records) == len(mine)


class _Broken:
    """A model whose answers are no numbers."""

    def __init__(self, margin: float) -> None:
        self.margin = margin

    def predict(self, matrix: Any) -> Any:
        return np.full(len(matrix), self.margin)
