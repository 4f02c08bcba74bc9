import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.serving.app import ScoringApp
from leadscore_assets.serving.payload import MAXIMUM_RECORDS, read_leads
from leadscore_assets.serving.refusals import RefusedRequest, shortened
from leadscore_assets_tests.serving.asgi import call
from leadscore_assets_tests.serving.bundles import CONTRACT, records, scorer
from leadscore_assets_tests.serving.conftest import TwoBundles

CSV, LINES = {"content-type": "text/csv"}, {"content-type": "application/jsonlines"}
LEAD = records(1)[0]
POSITIONS = [*CONTRACT.names, CONTRACT.created_at]


def as_csv(leads: list[dict[str, Any]], names: list[str], *, header: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerows([names] if header else [])
    writer.writerows([["" if lead.get(name) is None else lead[name] for name in names] for lead in leads])
    return text.getvalue().encode()


def test_all_forms_of_the_same_leads_get_the_same_scores(app: ScoringApp, two: TwoBundles) -> None:
    sent = records(40)
    names = ["lead_id", "created_at", *CONTRACT.names]
    expected = scorer(two.kept, two.first).score_records(sent).score.tolist()
    bodies = [
        ({"content-type": "application/json; charset=utf-8"}, json.dumps({"instances": sent}).encode()),
        (LINES, "\n".join(json.dumps(lead) for lead in sent).encode()),
        ({"content-type": "application/x-ndjson"}, b"".join(json.dumps(lead).encode() + b"\r\n" for lead in sent)),
        (CSV, as_csv(sent, names, header=True)),
        (CSV, b"\xef\xbb\xbf" + as_csv(sent, names[::-1], header=True)),
    ]
    for headers, body in bodies:
        got = call(app, "/invocations", body, headers=headers)
        assert [item["score"] for item in got.json["predictions"]] == expected
        assert got.json["predictions"][5]["lead_id"] == sent[5]["lead_id"]


def test_csv_without_a_header_is_positional_in_contract_order(app: ScoringApp, two: TwoBundles) -> None:
    sent = records(5)
    expected = scorer(two.kept, two.first).score_records(sent).score.tolist()
    got = call(app, "/invocations", as_csv(sent, POSITIONS, header=False), headers=CSV)
    assert [item["score"] for item in got.json["predictions"]] == expected
    assert "lead_id" not in got.json["predictions"][0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"employees": "many"}, "employees"),
        ({"employees": 0}, "employees"),
        ({"employees": None}, "employees"),
        ({"employees": 1.5}, "employees"),
        ({"employees": 10**400}, "employees"),
        ({"revenue": [1]}, "revenue"),
        ({"revenue": {"a": {"b": 1}}}, "revenue"),
        ({"revenue": -1}, "revenue"),
        ({"opened_mail": "perhaps"}, "opened_mail"),
        ({"industry": "Software"}, "industry"),
        ({"industry": 3}, "industry"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"emploees": 3}, "emploees"),
    ],
    ids=str,
)
def test_a_broken_lead_is_named_by_record_field_value_and_rule(
    app: ScoringApp, change: dict[str, Any], field: str
) -> None:
    got = call(app, "/invocations", [LEAD, {**LEAD, **change}])
    assert got.status == 400
    broken = [item for item in got.json["violations"] if item["field"] == field]
    assert broken
    assert broken[0]["record"] == 1
    assert broken[0]["rule"]
    assert field in got.json["error"]
    assert "score" not in got.json


def test_a_csv_row_one_column_short_is_refused_with_its_record(app: ScoringApp) -> None:
    body = as_csv([LEAD, LEAD], POSITIONS, header=False).strip()
    short = body.rpartition(b",")[0].rpartition(b",")[0]
    got = call(app, "/invocations", short, headers=CSV)
    assert got.status == 400
    assert got.json["violations"][0]["record"] == 1
    assert "country" in got.json["error"]


def test_at_most_a_hundred_broken_csv_rows_are_named(app: ScoringApp) -> None:
    got = call(app, "/invocations", b"1,many,true,software,DE,2026-01-05\n" * 5_000, headers=CSV)
    assert got.status == 400
    assert len(got.json["violations"]) == 100
    assert "revenue" in got.json["error"]


def test_a_misspelt_column_in_a_csv_header_is_named(app: ScoringApp) -> None:
    names = ["lead_id", *CONTRACT.names]
    body = as_csv([LEAD], names, header=True).replace(b"revenue", b"revenu")
    got = call(app, "/invocations", body, headers=CSV)
    assert got.status == 400
    assert "revenu" in got.json["error"]


HOSTILE = {
    "empty": (b"", 400),
    "blank": (b" \n ", 400),
    "cut off": (b'{"employees": 1', 400),
    "not json": (b"employees=1", 400),
    "nan": (b'{"employees": NaN}', 400),
    "infinity": (b'[{"revenue": -Infinity}]', 400),
    "overflow": (b'{"revenue": 1e999}', 400),
    "endless digits": (b'{"revenue": ' + b"9" * 100_000 + b"}", 400),
    "deep list": (b"[" * 500_000, 400),
    "deep object": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, 400),
    "invalid utf-8": (b'{"industry": "\xff\xfe"}', 400),
    "lone surrogate": (b'{"lead_id": "\\udc00", "industry": "\\ud800x"}', 400),
    "scalar": (b"3", 400),
    "null": (b"null", 400),
    "list of scalars": (b"[1, 2]", 400),
    "empty list": (b"[]", 400),
    "instances no list": (b'{"instances": 3}', 400),
    "instances and more": (b'{"instances": [], "parameters": {}}', 400),
    "too many records": (b"[" + b"{}," * MAXIMUM_RECORDS + b"{}]", 413),
    "too large": (b" " * 6_291_457, 413),
    "nul bytes": (b"\0" * 100, 400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_and_the_server_goes_on(app: ScoringApp, name: str) -> None:
    body, status = HOSTILE[name]
    got = call(app, "/invocations", body, pieces=3)
    assert got.status == status
    assert got.json["error"]
    assert len(got.body) < 50_000
    assert call(app, "/invocations", LEAD).status == 200


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/xml"}, b"<a/>", 415),
        ({"content-type": ""}, b"{}", 415),
        ({"content-type": "application/octet-stream"}, b"{}", 415),
        ({"content-encoding": "gzip"}, b"\x1f\x8b", 415),
        ({"content-length": "6291457"}, b"{}", 413),
        ({"accept": "application/xml"}, json.dumps(LEAD).encode(), 406),
        (LINES, b'{"employees": 1}\n{"employees" 1}\n', 400),
        (LINES, b"{}\n" * (MAXIMUM_RECORDS + 1), 413),
        (CSV, b"1,2\xff,true,software,DE", 400),
        (CSV, b'1,"2,true,software,DE', 400),
        (CSV, b"," * 200_000, 400),
        (CSV, b"employees\n" * 3, 400),
        (CSV, b"1,,true,software,DE\n" * (MAXIMUM_RECORDS + 1), 413),
        (CSV, b"employees,revenue,opened_mail,industry,country\n", 400),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_wrong_type_or_form_is_refused(app: ScoringApp, headers: dict[str, str], body: bytes, status: int) -> None:
    got = call(app, "/invocations", body, headers=headers)
    assert got.status == status
    assert got.json["error"]


def test_unparsable_lines_and_bytes_are_named(app: ScoringApp) -> None:
    assert "line 2" in call(app, "/invocations", b"{}\n{,}\n", headers=LINES).json["error"]
    assert "(byte 1)" in call(app, "/invocations", b"{,}").json["error"]


def test_echoed_values_are_cut_and_violations_are_counted_out(app: ScoringApp) -> None:
    got = call(app, "/invocations", [{**LEAD, "industry": "x" * 5_000, "y" * 5_000: 1}] * 500)
    assert got.status == 400
    assert len(got.json["violations"]) == 100
    assert max(len(str(item["value"])) for item in got.json["violations"]) <= 80
    assert "x" * 100 not in got.json["error"]


@given(st.binary(max_size=300), st.sampled_from(["application/json", "application/jsonlines", "text/csv"]))
def test_any_bytes_are_either_leads_or_a_refusal(body: bytes, kind: str) -> None:
    found: list[Any] | int
    try:
        found = read_leads(body, kind, CONTRACT).records
    except RefusedRequest as error:
        found = error.status
    assert 400 <= found < 500 if isinstance(found, int) else found


@given(st.one_of(st.text(), st.integers(), st.lists(st.integers()), st.none(), st.booleans()))
def test_an_echoed_value_is_short_and_goes_into_json(value: Any) -> None:
    assert len(json.dumps(shortened(value), ensure_ascii=False)) <= 82 * 2 + 400
    assert not isinstance(shortened(value), list | dict)
