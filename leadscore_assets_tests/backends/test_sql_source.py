"""A query as a source: only a SELECT, only read, a week asked for as a week, and every type told deliberately."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa

from leadscore_assets.backends.sources.sql_database import Database
from leadscore_assets.backends.sources.sql_query import single_select
from leadscore_assets.backends.sources.sql_source import SqlSource, read_sample
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets.domain.validation import validate_week
from leadscore_assets_tests.backends.source_worlds import CONTRACT, Postgres, lead

FIRST, SECOND = date(2026, 1, 5), date(2026, 1, 12)
TYPES = "lead_id text, created_at {}, visits bigint, lead_score int, converted boolean, note text"


@contextmanager
def asked() -> Iterator[list[tuple[str, Any, int]]]:
    """Collect every statement sent, with its parameters and how many rows came back (-1 where they are streamed)."""
    seen: list[tuple[str, Any, int]] = []

    def note(_: Any, cursor: Any, statement: str, parameters: Any, *__: Any) -> None:
        seen.append((statement, parameters, cursor.rowcount))

    sa.event.listen(sa.Engine, "after_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(sa.Engine, "after_cursor_execute", note)


@pytest.fixture
def crm(database: str) -> Postgres:
    """A year of leads in PostgreSQL, one an hour."""
    world = Postgres(database)
    world.run(
        "INSERT INTO leads SELECT 'L' || n, timestamptz '2026-01-05T00:00Z' + n * interval '1 hour', n, 3, true, 'x' "
        "FROM generate_series(0, 8735) n"
    )
    world.run("CREATE INDEX ON leads (created_at)")
    world.run("ANALYZE leads")
    return world


def test_reading_a_week_asks_for_that_week_alone_and_by_the_index(crm: Postgres) -> None:
    with asked() as seen:
        raw = crm.source().read(SECOND)
    assert raw.table.num_rows == 7 * 24
    rows = [item for item in seen if "FROM leads" in item[0] and "1 = 0" not in item[0]]
    assert all("created_at >=" in statement or "created_at <" in statement for statement, _, _ in rows)
    statement, parameters, _ = next(item for item in rows if "created_at >=" in item[0])
    assert sorted(value for value in parameters.values() if isinstance(value, datetime)) == [
        datetime(2026, 1, 12, tzinfo=UTC),
        datetime(2026, 1, 19, tzinfo=UTC),
    ]
    with crm.engine.connect() as connection:
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
    assert "Index" in plan
    assert "Seq Scan" not in plan


def test_the_weeks_are_told_apart_by_the_database(crm: Postgres) -> None:
    with asked() as seen:
        weeks = crm.source().weeks()
    assert len(weeks) == 52
    asked_for = [rows for statement, _, rows in seen if "FROM leads" in statement]
    assert asked_for == [0, 52]


def test_rows_come_in_batches_from_the_server(crm: Postgres) -> None:
    with asked() as seen:
        crm.source().read(FIRST)
    assert all(rows == -1 for statement, _, rows in seen if "leadscore_content" in statement)


def test_the_snapshot_cannot_write(crm: Postgres) -> None:
    crm.run("CREATE SEQUENCE numbers")
    crm.query = "SELECT *, nextval('numbers') AS number FROM leads"
    with pytest.raises(InvalidInput, match=r"cannot execute nextval\(\) in a read-only transaction"):
        crm.source().read(FIRST)


def test_a_query_that_deletes_in_its_with_is_refused_by_the_database(crm: Postgres) -> None:
    crm.query = "WITH gone AS (DELETE FROM leads RETURNING *) SELECT * FROM gone"
    with pytest.raises(InvalidInput, match="data-modifying"):
        crm.source().weeks()


def test_sqlite_is_opened_for_reading_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "leads.db") as connection:
        connection.execute("CREATE TABLE leads (created_at)")
    connection.close()
    with (
        Database(f"sqlite:///{tmp_path}/leads.db").reading() as opened,
        pytest.raises(sa.exc.OperationalError, match="readonly"),
    ):
        opened.exec_driver_sql("DELETE FROM leads")


@pytest.mark.parametrize(
    ("kind", "shown", "weeks"),
    [
        ("timestamptz", ["2026-01-05T00:30:00+02:00", "2026-01-05T12:00:00"], [FIRST - WEEK]),
        ("timestamp", ["2026-01-04T23:59:59", "2026-01-05T00:00:00"], [FIRST - WEEK, FIRST]),
        ("date", ["2026-01-04", "2026-01-05"], [FIRST - WEEK, FIRST]),
    ],
)
@pytest.mark.parametrize("scheme", ["postgresql", "other"])
def test_every_type_of_time_is_filed_in_utc_whatever_zone_the_server_has(
    database: str, kind: str, shown: list[str], weeks: list[date], scheme: str
) -> None:
    world = Postgres(database, scheme=scheme, columns=TYPES.format(kind))
    # Noon in Auckland is an hour before midnight in UTC; a time without a zone is no time in Auckland.
    world.run(f"ALTER DATABASE {sa.make_url(database).database} SET timezone TO 'Pacific/Auckland'")
    world.run(f"INSERT INTO leads VALUES ('A', '{shown[0]}', 1, 3, true), ('B', '{shown[1]}', 1, 3, true)")
    source = world.source()
    assert list(source.weeks()) == weeks
    assert {week: source.read(week).digest for week in weeks} == source.weeks()
    assert sum(source.read(week).table.num_rows for week in weeks) == 2


@pytest.mark.parametrize("kind", ["text", "bigint"])
@pytest.mark.parametrize("scheme", ["postgresql", "other"])
def test_a_column_of_times_that_is_none_is_to_be_cast_in_the_query(database: str, kind: str, scheme: str) -> None:
    world = Postgres(database, scheme=scheme, columns=TYPES.format(kind))
    world.run("INSERT INTO leads VALUES ('A', '20260105', 1, 3, true)")
    with pytest.raises(InvalidInput, match=r"created_at, holds .*; cast it in the query, as in cast\(created_at as"):
        world.source().weeks()


def test_numbers_json_arrays_and_ids_arrive_as_what_they_are(database: str) -> None:
    world = Postgres(database)
    world.query = (
        "SELECT *, 12.50::numeric AS price, 'NaN'::numeric AS odd, '{\"b\": 1, \"a\": [2]}'::jsonb AS doc, "
        "ARRAY[1, 2] AS list, interval '1 day' AS span, '\\x6162'::bytea AS raw, 1.5::real AS share, "
        "99999999999999999999::numeric AS id, now()::timestamp AS naive, current_date AS day, NULL AS nothing, "
        "'50%' AS \"Odd name\" FROM leads"
    )
    world.write([lead("A", "2026-01-05T00:00:00")])
    table = world.source().read(FIRST).table
    found = table.to_pylist()[0]
    assert [found[name] for name in ("price", "odd", "doc", "list", "id", "share", "raw", "nothing", "Odd name")] == [
        "12.50",
        "NaN",
        '{"a": [2], "b": 1}',
        "[1, 2]",
        "99999999999999999999",
        1.5,
        b"ab",
        None,
        "50%",
    ]
    assert table.schema.field("created_at").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("naive").type == pa.timestamp("us")
    assert table.schema.field("day").type == pa.date32()


def test_a_numeric_column_is_a_number_to_the_contract(database: str) -> None:
    columns = "lead_id numeric(20), created_at timestamp, visits numeric, lead_score numeric(1), converted int"
    world = Postgres(database, columns=columns)
    world.run("INSERT INTO leads VALUES (12345678901234567890, '2026-01-05', 7, 4, 1), (2, '2026-01-06', 'NaN', 3, 0)")
    judged = validate_week(world.source().read(FIRST).table, CONTRACT)
    assert judged.bad.num_rows == 0
    assert judged.good.select(["lead_id", "visits", "lead_score", "converted"]).to_pylist() == [
        {"lead_id": "12345678901234567890", "visits": 7, "lead_score": 4, "converted": True},
        {"lead_id": "2", "visits": None, "lead_score": 3, "converted": False},
    ]


def test_a_moment_beyond_this_calendar_is_no_time_and_told_when_it_is_read(database: str) -> None:
    world = Postgres(database)
    world.write([lead("A", "2026-01-05T00:00:00")])
    world.run("INSERT INTO leads VALUES ('Z', 'infinity', 1, 3, true)")
    assert list(world.source().weeks()) == [FIRST]
    with pytest.raises(InvalidInput, match=r"timestamp too large .*mend "):
        world.source().read(FIRST)


def test_times_of_sqlite_may_be_any_text_that_files_may_hold(tmp_path: Path) -> None:
    times = ["2026-01-05", "2026-01-11 23:59:59", "2026-01-12T00:30:00+01:00", 1768176000, "20260112", "soon"]
    with sqlite3.connect(tmp_path / "leads.db") as connection:
        connection.execute("CREATE TABLE leads (lead_id, created_at, visits, lead_score, converted)")
        rows = [(f"L{at}", time, 1, 4, 1) for at, time in enumerate(times)]
        connection.executemany("INSERT INTO leads VALUES (?, ?, ?, ?, ?)", rows)
    connection.close()
    source = SqlSource(f"sqlite:///{tmp_path}/leads.db", "SELECT * FROM leads", contract=CONTRACT, batch_rows=2)
    read = {week: source.read(week) for week in source.weeks()}
    assert {week: raw.table["lead_id"].to_pylist() for week, raw in read.items()} == {
        FIRST: ["L0", "L2", "L1", "L5"],
        SECOND: ["L3", "L4"],
    }
    assert {week: raw.digest for week, raw in read.items()} == source.weeks()


def test_a_sample_is_every_row(crm: Postgres) -> None:
    table = read_sample(crm.url, "SELECT lead_id, visits FROM leads", name="leads.sql", batch_rows=1000)
    assert table.num_rows == 8736
    assert set(table["__file"].to_pylist()) == {"leads.sql"}


@pytest.mark.parametrize(
    "text",
    [
        "select 1",
        " SELECT * FROM leads ; ",
        "with a as (select 1) select * from a;",
        "(select 1) union (select 2)",
        "select ';' as a, 'it''s' as b, \"odd;name\", $$;$$ as c, $x$ ' ; $x$ -- ; '\nfrom leads",
        "/* ; */ select 1 -- done;",
        "select E'\\';' as a",
        "select 1; -- done",
    ],
)
def test_one_select_is_accepted(text: str) -> None:
    assert not single_select(text, place="leads.sql").endswith(";")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" -- nothing\n", "is empty"),
        ("select 1; select 2", "more than one statement"),
        ("select 1; delete from leads;", "more than one statement"),
        ("delete from leads", "begins with 'delete'"),
        ("insert into leads select 1", "begins with 'insert'"),
        ("explain select 1", "begins with 'explain'"),
        ("copy leads to program 'x'", "begins with 'copy'"),
        ("selection", "begins with 'selection'"),
        ("select 1) as a, (select 2", "parentheses that do not match"),
        ("select (1", "parentheses that do not match"),
        ("select 'a", "not closed"),
        ("select 1 /* a", "not closed"),
    ],
)
def test_anything_else_is_refused_with_the_remedy(text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=f"leads.sql .*{said}.*; write one SELECT"):
        single_select(text, place="leads.sql")


def test_a_column_named_twice_is_told(crm: Postgres) -> None:
    crm.query = "SELECT *, 1 AS visits FROM leads"
    with pytest.raises(InvalidInput, match="gives the column visits more than once"):
        crm.source().weeks()


def test_a_table_that_is_not_there_is_told_in_the_databases_words(crm: Postgres) -> None:
    crm.query = "SELECT * FROM leeds"
    with pytest.raises(InvalidInput, match='relation "leeds" does not exist; mend') as error:
        crm.source().weeks()
    assert "ada" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "kind", "said"),
    [
        ("postgresql://ada@127.0.0.1:9/crm", TransientError, "Connection refused; try again"),
        ("mysql+nothing://h/x", InvalidInput, "cannot be used .*install its driver"),
        ("nonsense", InvalidInput, "it is no URL"),
        ("sqlite://", InvalidInput, "in memory"),
        ("sqlite:////nowhere/leads.db", InvalidInput, "/nowhere/leads.db does not exist"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told(url: str, kind: type[Exception], said: str) -> None:
    source = SqlSource(url, "select 1", contract=CONTRACT, batch_rows=9)
    with pytest.raises(kind, match=said):
        source.weeks()


def test_the_address_has_neither_user_nor_password_and_changes_with_the_query(database: str) -> None:
    url = sa.make_url(database).set(password="hunter2").render_as_string(hide_password=False)
    one, two = (SqlSource(url, text, contract=CONTRACT, batch_rows=9) for text in ("select 1", "select 2"))
    assert one.address != two.address
    assert "hunter2" not in one.address
    assert "ada" not in one.address


def test_a_column_without_values_changes_no_sum_where_rows_are_summed_up_here(database: str) -> None:
    world = Postgres(database, scheme="other")
    world.write([lead("A", "2026-01-05T00:00:00")])
    week = world.source().read(FIRST)
    assert week.table.num_rows == 1
    assert week.digest == world.source().weeks()[FIRST]


def test_a_week_of_many_ties_keeps_one_order(database: str) -> None:
    world = Postgres(database)
    rows = [lead("A", "2026-01-05T00:00:00", visits=at) for at in range(20)]
    world.write(rows)
    before = world.source().read(FIRST).table
    world.write(rows[::-1])
    assert world.source().read(FIRST).table.equals(before)


def test_the_week_ends_where_the_next_begins(database: str) -> None:
    world = Postgres(database)
    edge = datetime(2026, 1, 12, tzinfo=UTC)
    world.write([lead("A", (edge - timedelta(microseconds=1)).isoformat()), lead("B", edge.isoformat())])
    read = {week: world.source().read(week).table["lead_id"].to_pylist() for week in world.source().weeks()}
    assert read == {FIRST: ["A"], SECOND: ["B"]}
