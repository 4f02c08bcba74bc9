"""When notices go: at once, after the quiet hours, or in a digest; and which weeks are news."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from leadscore_assets.domain.notice_policy import NoticePolicy
from leadscore_assets.domain.notice_timing import as_one, is_news, posting
from leadscore_assets.domain.notices import KINDS, Notice, NoticeKind

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))
POLICY = NoticePolicy(digests=(("retrained", "drift"),), digest_hour=7, quiet_hours=(22, 23, 0, 1, 2, 3, 4, 5))


def notice(kind: NoticeKind, at: datetime = datetime(2026, 1, 5, tzinfo=UTC), key: str = "k") -> Notice:
    return Notice(kind, "subject", "text", at, key)


@given(MOMENTS, st.sampled_from(KINDS))
def test_nothing_goes_late_nothing_in_a_quiet_hour_but_what_is_urgent(now: datetime, kind: NoticeKind) -> None:
    found = posting(notice(kind), POLICY, now)
    if kind in POLICY.urgent:
        assert (found.letter, found.due) == ("k", now)
    elif kind in ("retrained", "drift"):
        assert found.letter == f"digest:retrained+drift:{found.due:%Y-%m-%dT%H}"
        assert found.due.hour == 7
        assert timedelta() < found.due - now <= timedelta(days=1)
    else:
        assert found.letter == "k"
        assert found.due.hour not in POLICY.quiet_hours
        assert timedelta() <= found.due - now <= timedelta(hours=8)
        assert found.due == now or now.hour in POLICY.quiet_hours


def test_a_digest_is_one_message_with_a_paragraph_a_notice_oldest_first() -> None:
    late, early = notice("drift", datetime(2026, 1, 6, tzinfo=UTC), "b"), notice("retrained", key="a")
    one = as_one([late, early], letter="digest:x")
    assert one.key == "digest:x"
    assert one.subject == "Lead scoring: 2 notices of the day"
    assert one.text.index("2026-01-05") < one.text.index("2026-01-06")
    assert as_one([late], letter="digest:x") == late


def test_an_old_week_is_no_news() -> None:
    assert is_news(date(2026, 1, 5), NoticePolicy(), date(2026, 1, 13))
    assert not is_news(date(2025, 1, 6), NoticePolicy(), date(2026, 1, 13))


def test_a_channel_rests_twice_as_long_each_time_up_to_the_longest() -> None:
    waits = [NoticePolicy(first_wait_minutes=1, longest_wait_minutes=10).wait(tries) for tries in (1, 2, 3, 9, 999)]
    assert [wait / timedelta(minutes=1) for wait in waits] == [1, 2, 4, 10, 10]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"quiet_hours": [24]}, "24 is no hour of a day"),
        ({"quiet_hours": list(range(24))}, "every hour of the day is quiet"),
        ({"digests": [["drift"], ["drift"]]}, "drift stands in two digests"),
        ({"digests": [["alarm"]]}, "alarm is urgent and in a digest"),
        ({"digests": [["drift"]], "quiet_hours": [7]}, "digest_hour = 7 is a quiet hour"),
        ({"first_wait_minutes": 90}, "first_wait_minutes is more than longest_wait_minutes"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused(content: dict, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        NoticePolicy.model_validate(content)
