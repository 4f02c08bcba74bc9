import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadscore_assets.domain.requests import violations
from leadscore_assets.serving.invocation import Asked, Invocation
from leadscore_assets.serving.lead_type import lead_reader
from leadscore_assets.serving.models import Live
from leadscore_assets_tests.serving.bundles import CONTRACT, records

LEAD = records(1)[0]
READER = lead_reader(CONTRACT)

odd: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["software", "240.0", "", " ", "2026-01-05", "20260105", "12345", "2026-01-05T25:00:00", "US"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=1),
)
names = st.sampled_from([CONTRACT.key, CONTRACT.created_at, *CONTRACT.names, "lead_score", "converted", "unknown"])


def test_a_usual_lead_is_read_at_once() -> None:
    for lead in records(50):
        read = READER.read(json.dumps(lead).encode())
        assert read
        assert read[:2] == (lead["lead_id"], tuple(lead.get(name) for name in ("created_at", *CONTRACT.names)))


@given(st.dictionaries(names, odd, max_size=3), st.sets(names, max_size=2))
def test_what_the_quick_reader_takes_breaks_no_rule(changes: dict[str, Any], dropped: set[str]) -> None:
    lead = {name: value for name, value in {**LEAD, **changes}.items() if name not in dropped}
    body = json.dumps(lead).encode()
    if READER.read(body):
        assert violations([msgspec.json.decode(body)], CONTRACT) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, odd, max_size=2))
def test_the_quick_way_and_the_slow_way_give_the_same_scores(live: Live, changes: dict[str, Any]) -> None:
    body = json.dumps({**LEAD, **changes}).encode()
    assert live.serving
    assert READER.read(body) is None or _score(live, body) == _score(live, b"[" + body + b"]")


def _score(live: Live, body: bytes) -> bytes:
    assert live.serving
    return Invocation(Asked(live.serving, body)).whole().reply.body


@pytest.mark.parametrize(
    "change",
    [
        {"opened_mail": 1},
        {"industry": "software "},
        {"country": ""},
        {"employees": 5.5},
        {"lead_id": "  "},
        {"created_at": "12345"},
        {"employees": 0},
        {"revenue": "12"},
        {"lead_score": 5},
    ],
)
def test_an_odd_lead_goes_the_slow_way(change: dict[str, Any]) -> None:
    assert READER.read(json.dumps({**LEAD, **change}).encode()) is None


def test_equal_contracts_share_one_reader() -> None:
    assert lead_reader(CONTRACT.model_copy()) is READER
