"""Lines of captures: what is read of each form, and that nothing at all breaks the reading."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.backends.capture_lines import read_lines
from leadscore_assets.domain.captured import CAPTURED
from leadscore_assets_tests.backends.captured_traffic import Answer, Request
from leadscore_assets_tests.backends.test_captures import NOON

GOOD = json.loads(Request(NOON, [Answer("a")]).line(str))


def changed(side: dict[str, Any] | None = None, about: dict[str, Any] | None = None, answer: Any = None) -> bytes:
    line = json.loads(json.dumps(GOOD))
    line["captureData"]["endpointOutput"] |= side or {}
    line["eventMetadata"] |= about or {}
    if answer is not None:
        line["captureData"]["endpointOutput"]["data"] = json.dumps(answer)
    return json.dumps(line).encode()


@pytest.mark.parametrize(
    "line",
    [
        changed({"encoding": "GZIP"}),
        changed({"encoding": "BASE64", "data": "not base64!"}),
        changed({"data": {"already": "read"}}),
        changed({"data": ""}),
        changed({"observedContentType": "text/csv", "data": "1,2,3"}),
        changed(about={"inferenceTime": "yesterday"}),
        changed(about={"eventId": ["x"]}),
        changed(answer={"predictions": [{"lead_id": "a"}]}),
        changed(answer={"predictions": [{"score": "high"}]}),
        changed(answer={"predictions": [{"score": 1, "band": 7}]}),
        changed(answer={"predictions": 5}),
        changed(answer=[1, 2]),
        changed(answer={"model_version": 10**30, "predictions": [{"score": 1}]}),
        changed(answer={"predictions": [{"score": 1, "lead_id": "\ud800"}]}),
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_of_another_form_is_counted_and_left_out(line: bytes) -> None:
    found = read_lines(b"\n".join([line, json.dumps(GOOD).encode()]), variant="primary", mask=None)
    assert (found.table.num_rows, found.unreadable) == (1, 1)


def test_a_refusal_is_an_answer_without_a_score() -> None:
    line = changed(answer={"error": "no model serves yet"})
    found = read_lines(line, variant="primary", mask=None)
    [row] = found.table.to_pylist()
    assert (row["score"], row["version"], row["lead"], found.unreadable) == (None, None, None, 0)


def test_a_score_that_is_no_number_is_none() -> None:
    answer = {"model_version": 1, "model_digest": "d", "predictions": [{"score": float("nan"), "lead_id": 7}]}
    [row] = read_lines(changed(answer=answer), variant="primary", mask=lambda key: f"<{key}>").table.to_pylist()
    assert (row["score"], row["lead"], row["version"]) == (None, "<7>", 1)


def test_a_moment_without_a_zone_is_utc() -> None:
    line = changed(about={"inferenceTime": "2026-01-05T12:30:15.250"})
    assert read_lines(line, variant="primary", mask=None).table["at"].to_pylist() == [NOON]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda item: st.lists(item, max_size=3) | st.dictionaries(st.text(max_size=9), item, max_size=3),
    max_leaves=9,
)
_answers = st.fixed_dictionaries(
    {},
    optional={
        "predictions": st.lists(
            st.fixed_dictionaries({}, optional=dict.fromkeys(("score", "lead_id", "band"), _json)), max_size=3
        )
        | _json,
        "model_version": _json,
        "model_digest": _json,
        "error": _json,
    },
)


@given(answer=_answers | _json, kind=st.sampled_from(["application/json", "application/jsonlines", "text/csv", ""]))
def test_whatever_is_captured_is_read_or_counted(answer: Any, kind: str) -> None:
    line = changed({"observedContentType": kind}, answer=answer if answer is not None else "null")
    found = read_lines(line, variant="shadow", mask=None)
    assert found.table.schema == CAPTURED
    assert found.unreadable in (0, 1)
    assert set(found.table["role"].to_pylist()) <= {"shadow"}


@given(content=st.binary(max_size=200))
def test_any_bytes_are_lines_that_were_read_or_counted(content: bytes) -> None:
    found = read_lines(content, variant="primary", mask=None)
    assert found.unreadable <= len(content.splitlines())
    assert found.table.num_rows == 0
