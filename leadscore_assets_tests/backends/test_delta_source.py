"""A Delta table as a source: any version of it, and only what a changed file may hold is looked at again."""

import builtins
import os
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from leadscore_assets.backends.sources.allowed import Allowed
from leadscore_assets.backends.sources.delta_source import DeltaSource, read_sample
from leadscore_assets.backends.sources.delta_table import DeltaPlace, DeltaVersion
from leadscore_assets.backends.sources.notes import Notes
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets_tests.backends.deletion_vectors import take_out
from leadscore_assets_tests.backends.source_worlds import CONTRACT, Table, lead, table_of

FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)
ONE, TWO, THREE = ([lead(key, f"{week}T09:00:00")] for key, week in (("A", FIRST), ("B", SECOND), ("C", THIRD)))


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Three weeks, each written by a commit of its own."""
    made = Table(str(tmp_path / "leads"))
    for rows in (ONE, TWO, THREE):
        made.add(rows)
    return made


@pytest.fixture
def scanned(monkeypatch: pytest.MonkeyPatch) -> list[str | None]:
    """Collect what the engine is asked for."""
    seen: list[str | None] = []
    scan = DeltaVersion.scan

    def noted(self: DeltaVersion, predicate: str | None = None) -> Any:
        seen.append(predicate)
        return scan(self, predicate)

    monkeypatch.setattr(DeltaVersion, "scan", noted)
    return seen


def test_a_version_and_a_moment_name_what_the_table_was(table: Table) -> None:
    before = DeltaSource(table.place(version=1), contract=CONTRACT)
    assert list(before.weeks()) == [FIRST, SECOND]
    assert before.address.endswith("leads@v1")
    time.sleep(0.01)
    moment = datetime.now(UTC)
    time.sleep(0.01)
    table.add([lead("D", "2026-01-26T09:00:00")])
    then = DeltaSource(table.place(as_of=moment), contract=CONTRACT)
    assert list(then.weeks()) == [FIRST, SECOND, THIRD]
    assert len(table.source().weeks()) == 4


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ({"version": 9}, "leads@v9 cannot be read: the version, or a file of it, is not there or was vacuumed"),
        ({"as_of": datetime(2020, 1, 1, tzinfo=UTC)}, "begins at 20.*, after as_of 2020-01-01 .*; name a later one"),
    ],
)
def test_a_version_that_is_not_there_is_told(table: Table, which: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as error:
        DeltaSource(table.place(**which), contract=CONTRACT).weeks()
    assert "\n" not in str(error.value)


def test_a_folder_that_is_no_table_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is no Delta table; name the folder that holds its _delta_log"):
        DeltaPlace(str(tmp_path / "none")).open()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidInput, match="is no Delta table"):
        DeltaPlace(str(tmp_path / "empty")).open()


def test_a_vacuumed_file_is_told(table: Table) -> None:
    place = table.place(version=2)
    for path in Path(table.uri).glob("*.parquet"):
        path.unlink()
    with pytest.raises(InvalidInput, match="a file of it, is not there or was vacuumed"):
        DeltaSource(place, contract=CONTRACT).weeks()


def test_only_weeks_that_a_new_file_may_hold_are_looked_at_again(table: Table, scanned: list[str | None]) -> None:
    source = table.source()
    before = source.weeks()
    assert len(scanned) == 1
    assert source.weeks() == before
    assert len(scanned) == 1
    table.add([lead("B2", "2026-01-13T09:00:00")])
    after = source.weeks()
    assert [after[week] == before[week] for week in before] == [True, False, True]
    [predicate] = scanned[1:]
    assert predicate
    assert "2026-01-12T00:00:00Z" in predicate
    assert "2026-01-19T00:00:00Z" in predicate


def test_another_process_begins_with_what_was_noted(table: Table, scanned: list[str | None], tmp_path: Path) -> None:
    def source() -> DeltaSource:
        place = table.place()
        notes = Notes(tmp_path / "notes", address=place.address, created_at="created_at")
        return DeltaSource(place, contract=CONTRACT, notes=notes)

    before = source().weeks()
    scanned.clear()
    assert source().weeks() == before
    assert scanned == []
    table.add([lead("D", "2026-01-26T09:00:00")])
    assert {week: digest for week, digest in source().weeks().items() if week in before} == before
    assert len(scanned) == 1
    assert source().read(SECOND).digest == before[SECOND]


def test_a_compaction_changes_no_digest(table: Table) -> None:
    before = table.source().weeks()
    deltalake.DeltaTable(table.uri).optimize.compact()
    assert len(deltalake.DeltaTable(table.uri).file_uris()) == 1
    assert table.source().weeks() == before


def test_a_table_made_anew_at_the_same_version_is_read_anew(table: Table, tmp_path: Path) -> None:
    source = table.source()
    source.weeks()
    Path(table.uri).rename(tmp_path / "old")
    for rows in (THREE, TWO, TWO):
        table.add(rows)
    assert list(source.weeks()) == [SECOND, THIRD]


def test_rows_that_a_deletion_vector_takes_out_are_gone(tmp_path: Path) -> None:
    rows = [lead(f"L{at}", "2026-01-05T09:00:00", visits=at) for at in range(6)]
    configuration = {"delta.enableDeletionVectors": "true"}
    deltalake.write_deltalake(tmp_path / "leads", table_of([*rows, *TWO]), configuration=configuration)
    table = Table(str(tmp_path / "leads"))
    source = table.source()
    before = source.weeks()
    take_out(Path(table.uri), [1, 4])
    after = source.weeks()
    assert after[FIRST] != before[FIRST]
    assert after[SECOND] == before[SECOND]
    assert source.read(FIRST).table["lead_id"].to_pylist() == ["L0", "L2", "L3", "L5"]
    assert source.read(FIRST).digest == after[FIRST]


def test_a_new_column_without_values_changes_no_week(table: Table) -> None:
    before = table.source().weeks()
    wider = table_of([lead("D", "2026-01-26T09:00:00")]).append_column("region", pa.array(["north"]))
    deltalake.write_deltalake(table.uri, wider, mode="append", schema_mode="merge")
    after = table.source().weeks()
    assert {week: after[week] for week in before} == before
    assert {week: table.source().read(week).digest for week in after} == after
    assert table.source().read(FIRST).table["region"].to_pylist() == [None]


@pytest.mark.parametrize(
    ("kind", "times"),
    [
        (pa.string(), ["2026-01-05T10:00:00Z", "2026-01-12", "soon"]),
        (pa.timestamp("us"), [datetime(2026, 1, 11, 23, 59), datetime(2026, 1, 12), None]),
        (pa.date32(), [FIRST + timedelta(days=6), SECOND, None]),
        (pa.int64(), [1767610800, 1768176000, None]),
    ],
    ids=str,
)
def test_every_type_of_time_is_filed(tmp_path: Path, kind: pa.DataType, times: list[Any]) -> None:
    whole = table_of([*ONE, *TWO, *THREE]).set_column(1, "created_at", pa.array(times, kind))
    deltalake.write_deltalake(tmp_path / "leads", whole)
    source = Table(str(tmp_path / "leads")).source()
    assert list(source.weeks()) == [FIRST, SECOND]
    assert source.read(FIRST).table["lead_id"].to_pylist() == ["A", "C"]
    assert source.read(SECOND).table["lead_id"].to_pylist() == ["B"]
    assert {week: source.read(week).digest for week in source.weeks()} == source.weeks()


def test_a_stray_time_centuries_away_is_a_week_of_its_own(table: Table) -> None:
    table.add([lead("Z", "1754-01-05T09:00:00"), lead("Y", "2026-01-06T09:00:00")])
    source = table.source()
    assert list(source.weeks())[1:] == [FIRST, SECOND, THIRD]
    assert source.read(FIRST).table["lead_id"].to_pylist() == ["A", "Y"]


def test_partitions_are_columns_like_any_other(tmp_path: Path) -> None:
    rows = [lead("A", "2026-01-05T00:00:00", note="north east"), lead("B", "2026-01-05T01:00:00", note=None)]
    deltalake.write_deltalake(tmp_path / "leads", table_of(rows), partition_by=["note"])
    source = DeltaSource(DeltaPlace(str(tmp_path / "leads"), allowed=Allowed((tmp_path.resolve(),))), contract=CONTRACT)
    assert source.read(FIRST).table["note"].to_pylist() == ["north east", None]


def test_files_outside_of_the_table_are_refused(table: Table, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    path = next(Path(table.uri).glob("*.parquet"))
    path.rename(tmp_path / "elsewhere" / path.name)
    path.symlink_to(tmp_path / "elsewhere" / path.name)
    root = Path(table.uri).resolve()
    with pytest.raises(InvalidInput, match=r"elsewhere/.* lies outside of .*leads; copy it there, or add its folder"):
        DeltaSource(DeltaPlace(table.uri, allowed=Allowed((root,))), contract=CONTRACT).weeks()
    log = Path(table.uri) / "_delta_log" / f"{2:020}.json"
    log.write_text(log.read_text().replace('"path":"part', '"path":"../part'))
    with pytest.raises(InvalidInput, match=r"names the file \.\./part.* outside of itself"):
        DeltaSource(DeltaPlace(table.uri), contract=CONTRACT).weeks()


def test_a_network_that_is_not_there_may_come_back() -> None:
    options = {
        "AWS_ACCESS_KEY_ID": "key-that-nobody-sees",
        "AWS_SECRET_ACCESS_KEY": "secret-that-nobody-sees",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "max_retries": "0",
    }
    with pytest.raises(TransientError, match="was not reached") as error:
        DeltaPlace("s3://bucket/leads", options=lambda: options).open()
    assert "nobody-sees" not in f"{error.value}"
    assert "nobody-sees" not in DeltaPlace("s3://bucket/leads", options=lambda: options).address


def test_a_sample_is_every_row(table: Table) -> None:
    found = read_sample(table.place())
    assert sorted(found["lead_id"].to_pylist()) == ["A", "B", "C"]
    table.write([])
    with pytest.raises(InvalidInput, match="holds no rows"):
        read_sample(table.place())


def test_without_deltalake_the_extra_is_named(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without(name: str, *rest: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "deltalake":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return imported(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidInput, match=r"pip install leadscore-assets\[delta\]"):
        table.place().open()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_table_that_may_not_be_read_is_told(table: Table) -> None:
    for path in Path(table.uri).glob("*.parquet"):
        path.chmod(0)
    with pytest.raises(InvalidInput, match="cannot be read"):
        table.source().weeks()
