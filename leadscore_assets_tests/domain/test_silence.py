"""The watchdog's arithmetic: who should have ticked by now."""

from datetime import UTC, datetime, timedelta

from leadscore_assets.domain.silence import Watched, silent

NOW = datetime(2026, 1, 14, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def names(*watched: Watched) -> list[str]:
    return [item.name for item in silent(watched, NOW, grace=10 * MINUTE)]


def test_a_sensor_is_silent_after_two_intervals_and_ten_minutes() -> None:
    assert names(Watched("a", NOW - 11 * MINUTE, every=MINUTE)) == []
    assert names(Watched("a", NOW - 13 * MINUTE, every=MINUTE)) == ["a"]
    assert names(Watched("a", NOW - 6 * HOUR, every=6 * HOUR)) == []


def test_the_grace_may_be_as_long_as_a_machine_sleeps() -> None:
    slept = [Watched("a", NOW - 8 * HOUR, every=MINUTE)]
    assert silent(slept, NOW, grace=8 * HOUR) == []
    assert [item.name for item in silent(slept, NOW, grace=7 * HOUR)] == ["a"]


def test_a_schedule_is_silent_once_its_time_went_by() -> None:
    weekly = "0 3 * * 1"
    monday = datetime(2026, 1, 12, 3, tzinfo=UTC)
    assert names(Watched("w", monday, cron=weekly)) == []
    assert names(Watched("w", monday - timedelta(days=7), cron=weekly)) == ["w"]
    assert silent([Watched("w", monday - timedelta(days=7), cron=weekly)], NOW, grace=MINUTE)[0].expected == monday
    assert names(Watched("h", NOW - HOUR, cron="0 12 * * *")) == []


def test_one_that_never_ticked_counts_from_when_it_was_switched_on() -> None:
    assert names(Watched("n", None, since=NOW - HOUR, every=MINUTE), Watched("m", None, every=MINUTE)) == ["n"]
