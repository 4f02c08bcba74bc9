"""What every source of leads keeps to, wherever the leads lie."""

import random
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pytest

from leadscore_assets.backends.local.generator_source import GeneratorSource
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.contract import contract_from
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.generator import small_contract
from leadscore_assets.domain.validation import FILE, ROW, validate_week
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.backends.source_worlds import (
    CONTRACT,
    SCHEMA,
    Folder,
    Postgres,
    Prefix,
    Sqlite,
    Table,
    World,
    lead,
)

FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)
KINDS = ("files", "s3", "delta", "delta on s3", "postgresql", "sqlite", "other database")
ROWS = [
    lead("A", "2026-01-05T00:00:00"),
    lead("B", "2026-01-11T23:59:59.999999", visits=None, note=None),
    lead("C", "2026-01-12T00:00:00", converted=None, lead_score=None),
    lead("D", "2026-01-20T10:00:00", visits=0, note="a;b=1:c"),
]


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    def asked(name: str) -> Any:
        return request.getfixturevalue(name)

    made: dict[str, Any] = {
        "files": lambda: Folder(tmp_path / "leads"),
        "s3": lambda: Prefix(asked("bucket"), f"crm/{uuid4().hex}"),
        "delta": lambda: Table(str(tmp_path / "leads")),
        "delta on s3": lambda: Table(f"s3://{BUCKET}/tables/{uuid4().hex}", asked("bucket")),
        "postgresql": lambda: Postgres(asked("database")),
        "sqlite": lambda: Sqlite(tmp_path / "leads.db"),
        "other database": lambda: Postgres(asked("database"), scheme="other"),
    }
    found: World = made[request.param]()
    found.write(ROWS)
    return found


def test_rows_are_filed_into_weeks_of_utc(world: World) -> None:
    source = world.source()
    assert list(source.weeks()) == [FIRST, SECOND, THIRD]
    read = {week: source.read(week).table["lead_id"].to_pylist() for week in source.weeks()}
    assert read == {FIRST: ["A", "B"], SECOND: ["C"], THIRD: ["D"]}


def test_a_week_read_has_the_digest_that_weeks_says(world: World) -> None:
    source = world.source()
    assert {week: source.read(week).digest for week in source.weeks()} == source.weeks()
    assert world.source().weeks() == source.weeks()


def test_the_same_leads_are_the_same_good_rows_from_everywhere(world: World) -> None:
    found = [validate_week(world.source().read(week).table, CONTRACT) for week in (FIRST, SECOND, THIRD)]
    good = pa.concat_tables([item.good for item in found])
    assert sum(item.bad.num_rows for item in found) == 0
    assert good.to_pylist() == [
        {name: row[name] for name in SCHEMA.names if name != "note"} | {"lead_id": row["lead_id"]} for row in ROWS
    ]


def test_rows_keep_the_sources_own_columns_and_say_where_they_are_from(world: World) -> None:
    table = world.source().read(FIRST).table
    assert table.column_names == [*SCHEMA.names, FILE, ROW]
    places = list(zip(table[FILE].to_pylist(), table[ROW].to_pylist(), strict=True))
    assert len(set(places)) == 2
    assert all(name and row >= 1 for name, row in places)


def test_a_corrected_old_row_changes_its_weeks_digest_alone(world: World) -> None:
    before = world.source().weeks()
    world.write([ROWS[0] | {"visits": 4}, *ROWS[1:]])
    after = world.source().weeks()
    assert after[FIRST] != before[FIRST]
    assert after[SECOND] == before[SECOND]
    assert world.source().read(FIRST).digest == after[FIRST]
    assert world.source().read(FIRST).table["visits"].to_pylist() == [4, None]


def test_a_source_that_stays_open_sees_what_changes(world: World) -> None:
    source = world.source()
    before = source.weeks()
    world.add([lead("E", "2026-01-13T00:00:00"), lead("F", "2026-01-27T00:00:00")])
    after = source.weeks()
    assert list(after) == [FIRST, SECOND, THIRD, THIRD + WEEK]
    assert [after[week] == before[week] for week in before] == [True, False, True]
    assert source.read(SECOND).table["lead_id"].to_pylist() == ["C", "E"]


def test_a_row_that_vanishes_changes_its_week_and_an_emptied_week_is_gone(world: World) -> None:
    before = world.source().weeks()
    world.write([ROWS[0], ROWS[3]])
    after = world.source().weeks()
    assert list(after) == [FIRST, THIRD]
    assert after[FIRST] != before[FIRST]


def test_a_week_without_rows_is_empty_and_valid(world: World) -> None:
    for week in (FIRST - WEEK, THIRD + WEEK):
        raw = world.source().read(week)
        assert raw.table.num_rows == 0
        assert validate_week(raw.table, CONTRACT).good.num_rows == 0


def test_a_row_without_a_time_is_filed_once_and_quarantined(world: World) -> None:
    world.write([*ROWS, lead("X", None)])
    source = world.source()
    judged = [validate_week(source.read(week).table, CONTRACT) for week in source.weeks()]
    assert sum(item.good.num_rows for item in judged) == len(ROWS)
    assert [key for item in judged for key in item.bad["lead_id"].to_pylist()] == ["X"]
    assert {week: source.read(week).digest for week in source.weeks()} == source.weeks()


def test_a_column_that_the_contract_wants_is_missed_by_name(world: World) -> None:
    wanted = contract_from({"features": [{"name": "budget", "kind": "numeric"}]})
    with pytest.raises(InvalidInput, match="lacks column budget of the contract"):
        world.source(wanted).read(FIRST)


def test_a_column_of_times_that_is_not_there_is_missed_by_name(world: World) -> None:
    with pytest.raises(InvalidInput, match=r"has no column born; its columns are .*created_at"):
        world.source(CONTRACT.model_copy(update={"created_at": "born"})).weeks()


def test_a_place_without_rows_is_told(world: World) -> None:
    world.write([])
    with pytest.raises(InvalidInput, match="no rows"):
        world.source().weeks()


def test_the_order_in_which_a_store_keeps_rows_is_none_of_its_content(world: World) -> None:
    if world.ordered_by_itself:
        pytest.skip("files have an order of their own, and the later row of a key counts")
    rows = [*ROWS, lead("A", "2026-01-05T00:00:00", visits=9), lead("A", "2026-01-05T00:00:00", visits=1)]
    world.write(rows)
    source = world.source()
    before, read = source.weeks(), source.read(FIRST).table
    world.write(random.Random(4).sample(rows, len(rows)))
    assert world.source().weeks() == before
    assert world.source().read(FIRST).table.equals(read)


def test_generated_leads_keep_to_the_same() -> None:
    def generated() -> GeneratorSource:
        return GeneratorSource(
            contract=small_contract(), seed=1, preset="small", events=(), start_week=FIRST, today=lambda: THIRD
        )

    source = generated()
    assert list(source.weeks()) == [FIRST, SECOND]
    assert {week: source.read(week).digest for week in source.weeks()} == generated().weeks()
    assert source.read(THIRD).table.num_rows == 0
    table = source.read(FIRST).table
    assert table[ROW].to_pylist() == list(range(1, table.num_rows + 1))
