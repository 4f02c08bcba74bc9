import csv
import io
import json

import pytest

from leadscore_assets.serving.answers import form_of
from leadscore_assets.serving.app import ScoringApp
from leadscore_assets_tests.serving.asgi import call
from leadscore_assets_tests.serving.bundles import CONTRACT, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("application/jsonlines", "application/jsonlines"),
        ("text/html, application/x-ndjson;q=0.8, */*;q=0.1", "application/x-ndjson"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv"),
        ("application/json;q=0, text/csv;q=soon, */*", "application/json"),
    ],
)
def test_the_answers_form_follows_accept(accept: str, form: str) -> None:
    assert form_of(accept) == form


def test_json_lines_carry_version_and_digest_on_each_line(app: ScoringApp, two: TwoBundles) -> None:
    sent = records(3)
    got = call(app, "/invocations", sent, headers={"accept": "application/jsonlines"})
    lines = [json.loads(line) for line in got.body.splitlines()]
    assert got.headers["content-type"] == "application/jsonlines"
    assert [line["lead_id"] for line in lines] == [lead["lead_id"] for lead in sent]
    assert {(line["model_version"], line["model_digest"]) for line in lines} == {(3, two.first)}
    assert [line["score"] for line in lines] == scorer(two.kept, two.first).score_records(sent).score.tolist()


def test_csv_scores_are_bit_equal_and_a_headless_request_gets_a_headless_answer(
    app: ScoringApp, two: TwoBundles
) -> None:
    sent = records(3)
    headed = call(app, "/invocations", sent, headers={"accept": "text/csv"})
    rows = list(csv.DictReader(io.StringIO(headed.body.decode())))
    assert [float(row["score"]) for row in rows] == scorer(two.kept, two.first).score_records(sent).score.tolist()
    names = (*CONTRACT.names, CONTRACT.created_at)
    plain = "\n".join(",".join(str(lead.get(name, "")) for name in names) for lead in sent)
    headless = call(app, "/invocations", plain.encode(), headers={"content-type": "text/csv", "accept": "text/csv"})
    assert len(headless.body.splitlines()) == 3
    assert headless.body.split(b",")[-1].strip().decode() == two.first
