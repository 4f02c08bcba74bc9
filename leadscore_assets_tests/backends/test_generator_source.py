from datetime import date, timedelta
from typing import Any

import pytest

from leadscore_assets.backends.local.generator_source import GeneratorSource
from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.events import Event
from leadscore_assets.domain.generator import small_contract

START = date(2026, 1, 5)
TODAY = date(2026, 2, 4)


def source(**changes: Any) -> GeneratorSource:
    given: dict[str, Any] = {"contract": default_contract(), "seed": 42, "preset": "b2b", "events": ()}
    given |= {"start_week": START, "today": lambda: TODAY}
    return GeneratorSource(**{**given, **changes})


def small(**changes: Any) -> GeneratorSource:
    return source(**{"contract": small_contract(), "preset": "small", **changes})


def test_the_finished_weeks_are_those_before_todays():
    assert list(source().weeks()) == [START + timedelta(weeks=number) for number in range(4)]


def test_a_source_that_starts_this_week_holds_no_week_yet():
    assert source(start_week=date(2026, 2, 2)).weeks() == {}


def test_a_week_read_has_the_digest_that_was_announced_and_says_where_each_row_lies():
    week, digest = next(iter(small().weeks().items()))
    raw = small().read(week)
    assert (raw.week, raw.digest) == (week, digest)
    assert raw.table["__row"].to_pylist() == list(range(1, raw.table.num_rows + 1))
    assert set(raw.table["__file"].to_pylist()) == {"generator"}
    assert raw.table.drop_columns(["__file", "__row"]).schema == small_contract().schema


@pytest.mark.parametrize(
    "changes",
    [{"seed": 43}, {"events": (Event(kind="concept", start=START),)}],
    ids=["another seed", "an event"],
)
def test_a_week_that_differs_has_another_digest(changes: dict[str, Any]):
    assert source(**changes).weeks()[START] != source().weeks()[START]


def test_an_event_changes_the_digests_from_its_week_on_only():
    event = Event(kind="shift", feature="visits", start=date(2026, 1, 22))
    plain, moved = source().weeks(), source(events=(event,)).weeks()
    assert [plain[week] == moved[week] for week in plain] == [True, True, False, False]


def test_the_address_names_preset_and_seed():
    assert source().address == "generator:b2b?seed=42"


def test_a_week_before_the_first_is_refused_with_the_remedy():
    with pytest.raises(InvalidInput, match=r"2025-12-29 lies before 2026-01-05.*start_week in leadscore.toml"):
        source().read(date(2025, 12, 29))


def test_a_day_that_is_no_monday_is_refused():
    with pytest.raises(InvalidInput, match="2026-01-06 is a Tuesday"):
        source().read(date(2026, 1, 6))


def test_a_week_that_is_not_over_holds_no_rows_yet():
    assert source().read(date(2026, 2, 2)).table.num_rows == 0


def test_the_small_preset_ends_after_its_ten_thousand_rows():
    long = small(today=lambda: date(2027, 1, 1))
    assert len(long.weeks()) == 8
    assert sum(long.read(week).table.num_rows for week in long.weeks()) == 10_000
    assert long.read(START + timedelta(weeks=8)).table.num_rows == 0


def test_a_changed_contract_is_refused_naming_every_column_that_differs():
    content = default_contract().model_dump(mode="json")
    content["features"] = [item for item in content["features"] if item["name"] != "touches"]
    content["features"][6] = {"name": "company_age", "kind": "numeric"}
    content["features"].append({"name": "balance", "kind": "numeric"})
    with pytest.raises(InvalidInput) as caught:
        source(contract=Contract.model_validate(content))
    for part in ("touches is absent", "company_age is numeric", "balance is unknown", "restore these columns"):
        assert part in str(caught.value)


def test_a_contract_with_another_label_is_refused():
    with pytest.raises(InvalidInput, match="its label is grade, the generator's lead_score"):
        source(contract=default_contract().model_copy(update={"label": "grade"}))


def test_limits_that_a_user_changed_do_not_change_the_leads():
    features = tuple(item.model_copy(update={"maximum": None}) for item in small_contract().features)
    loose = small(contract=small_contract().model_copy(update={"features": features}))
    assert loose.read(START).table.equals(small().read(START).table)


def test_a_negative_seed_is_refused():
    with pytest.raises(InvalidInput, match=r"seed -1 is negative; set \[source\] seed to 0 or more"):
        source(seed=-1)


def test_an_event_on_an_unknown_feature_is_refused_when_the_source_is_opened():
    with pytest.raises(InvalidInput, match="visit is no feature"):
        source(events=(Event(kind="shift", feature="visit", start=START),))
