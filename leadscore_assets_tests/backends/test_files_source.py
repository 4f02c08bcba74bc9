import gzip
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadscore_assets.backends.local.files_source import local_source
from leadscore_assets.backends.local.source_files import find_files
from leadscore_assets.backends.sources import file_index
from leadscore_assets.backends.sources.csv_reading import read_csv
from leadscore_assets.backends.sources.file_index import FileCache
from leadscore_assets.backends.sources.files_source import FilesSource
from leadscore_assets.domain.contract import contract_from
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets.domain.validation import validate_week

CONTRACT = contract_from({"features": [{"name": "visits", "kind": "integer", "missing": 0.5}]})
HEADER = "lead_id,created_at,visits,lead_score,converted"
FIRST, SECOND, THIRD = date(2026, 1, 5), date(2026, 1, 12), date(2026, 1, 19)


def line(key: str, at: str, visits: object = 3) -> str:
    return f"{key},{at},{visits},4,true"


def write(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def source(path: Path | str) -> FilesSource:
    return local_source(str(path), contract=CONTRACT)


def keys(found: FilesSource, week: date) -> list[str]:
    return found.read(week).table["lead_id"].to_pylist()


def test_rows_are_filed_into_weeks_of_utc(tmp_path: Path) -> None:
    path = write(
        tmp_path / "leads.csv",
        line("A", "2026-01-11 23:59:59"),
        line("B", "2026-01-12"),
        line("C", "2026-01-12T00:30:00+01:00"),
        line("D", "1768176000"),
        line("E", "2026-01-25T23:00:00-02:00"),
    )
    found = source(path)
    assert list(found.weeks()) == [FIRST, SECOND, date(2026, 1, 26)]
    assert keys(found, FIRST) == ["A", "C"]
    assert keys(found, SECOND) == ["B", "D"]


def test_a_weeks_rows_come_with_their_file_and_row(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", line("A", "2026-01-05"), line("B", "2026-01-12"), line("C", "2026-01-06"))
    write(tmp_path / "a" / "x.csv", line("D", "2026-01-07"))
    found = source(tmp_path).read(FIRST).table.select(["lead_id", "__file", "__row"]).to_pylist()
    assert found == [
        {"lead_id": "D", "__file": "a/x.csv", "__row": 2},
        {"lead_id": "A", "__file": "b.csv", "__row": 2},
        {"lead_id": "C", "__file": "b.csv", "__row": 4},
    ]


def test_parquet_rows_count_from_one(tmp_path: Path) -> None:
    table = pcsv.read_csv(write(tmp_path / "leads.csv", line("A", "2026-01-05"), line("B", "2026-01-12")))
    pq.write_table(table, tmp_path / "leads.parquet")
    assert source(tmp_path / "leads.parquet").read(SECOND).table["__row"].to_pylist() == [2]


def test_every_week_read_has_the_digest_that_weeks_says(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", line("A", "2026-01-05"), line("B", "2026-01-12"))
    write(tmp_path / "b.csv", line("C", "2026-01-05"))
    found = source(tmp_path)
    assert {week: found.read(week).digest for week in found.weeks()} == found.weeks()


def test_a_changed_row_changes_its_weeks_digest_alone(tmp_path: Path) -> None:
    path = write(tmp_path / "leads.csv", line("A", "2026-01-05"), line("B", "2026-01-12"))
    before = source(path).weeks()
    write(path, line("Z", "2026-01-19"), line("A", "2026-01-05"), line("B", "2026-01-12", 12345))
    after = source(path).weeks()
    assert after[FIRST] == before[FIRST]
    assert after[SECOND] != before[SECOND]
    assert list(after) == [FIRST, SECOND, THIRD]


def test_another_file_changes_only_the_weeks_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "b.csv", line("A", "2026-01-05"), line("B", "2026-01-12"))
    before = source(tmp_path).weeks()
    write(tmp_path / "a.csv", line("C", "2026-01-12"), line("D", "2026-01-19"))
    after = source(tmp_path).weeks()
    assert after[FIRST] == before[FIRST]
    assert after[SECOND] != before[SECOND]
    assert THIRD in after


VALUES = st.lists(st.one_of(st.none(), st.integers(-5, 5)), max_size=40)


@settings(max_examples=40, deadline=None)
@given(mine=VALUES.filter(bool), others=VALUES, before=st.booleans())
def test_a_parquet_weeks_digest_does_not_depend_on_the_rows_around_it(
    tmp_path_factory: pytest.TempPathFactory, mine: list[int | None], others: list[int | None], before: bool
) -> None:
    folder = tmp_path_factory.mktemp("digests")

    def digest(name: str, rows: list[tuple[date, int | None]]) -> str:
        columns: dict[str, Any] = {
            "lead_id": pa.array([None if visits == 0 else f"L{visits}" for _, visits in rows], pa.string()),
            "created_at": [day for day, _ in rows],
            "visits": pa.array([visits for _, visits in rows], pa.int64()),
            "flag": pa.array([None if visits is None else visits > 0 for _, visits in rows], pa.bool_()),
            "level": pa.array([str(visits) for _, visits in rows]).dictionary_encode(),
        }
        pq.write_table(pa.table(columns), folder / name)
        return source(folder / name).weeks()[FIRST]

    alone = [(FIRST, visits) for visits in mine]
    rest = [(SECOND, visits) for visits in others]
    assert digest("alone.parquet", alone) == digest("both.parquet", rest + alone if before else alone + rest)


def test_a_row_without_a_readable_time_is_filed_once_and_quarantined(tmp_path: Path) -> None:
    path = write(
        tmp_path / "leads.csv",
        line("A", "?"),
        line("B", "2026-01-12"),
        line("C", ""),
        line("D", "2026-01-05"),
        line("E", "05.01.2026"),
    )
    found = source(path)
    assert keys(found, SECOND) == ["A", "B", "C"]
    assert keys(found, FIRST) == ["D", "E"]
    judged = [validate_week(found.read(week).table, CONTRACT) for week in found.weeks()]
    assert sum(item.good.num_rows for item in judged) == 2
    assert sorted(key for item in judged for key in item.bad["lead_id"].to_pylist()) == ["A", "C", "E"]


def test_an_empty_week_has_no_rows_and_is_valid(tmp_path: Path) -> None:
    raw = source(write(tmp_path / "leads.csv", line("A", "2026-01-05"))).read(THIRD)
    assert raw.table.num_rows == 0
    assert validate_week(raw.table, CONTRACT).good.num_rows == 0


def test_csv_gzip_and_parquet_of_the_same_leads_are_the_same_good_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "leads.csv", *[line(f"L{at}", f"2026-01-05 {at % 24:02}:00:00", at) for at in range(60)])
    (tmp_path / "leads.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    pq.write_table(pcsv.read_csv(path), tmp_path / "leads.parquet", row_group_size=7)
    good = [
        validate_week(source(tmp_path / f"leads.{ending}").read(FIRST).table, CONTRACT).good
        for ending in ("csv", "csv.gz", "parquet")
    ]
    assert good[0].num_rows == 60
    assert good[0].equals(good[1])
    assert good[0].equals(good[2])


def test_files_of_different_types_and_extra_columns_are_read_together(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", line("A", "2026-01-05"))
    typed = {
        "lead_id": [7],
        "created_at": [FIRST],
        "visits": [9.0],
        "lead_score": [4],
        "converted": [True],
        "note": ["n"],
    }
    pq.write_table(pa.table(typed), tmp_path / "b.parquet")
    raw = source(tmp_path).read(FIRST).table
    assert raw["note"].to_pylist() == [None, "n"]
    good = validate_week(raw, CONTRACT).good
    assert good.select(["lead_id", "visits", "converted"]).to_pylist() == [
        {"lead_id": "7", "visits": 9, "converted": True},
        {"lead_id": "A", "visits": 3, "converted": True},
    ]


def test_quarantined_rows_can_be_mended_and_read_again(tmp_path: Path) -> None:
    bad = validate_week(
        source(write(tmp_path / "leads.csv", line("A", "2026-01-05", "x"))).read(FIRST).table, CONTRACT
    ).bad
    mended = bad.set_column(bad.column_names.index("visits"), "visits", [["8"]])
    pcsv.write_csv(mended, tmp_path / "mended.csv")
    raw = source(tmp_path / "mended.csv").read(FIRST).table
    assert raw["__file"].to_pylist() == ["mended.csv"]
    assert validate_week(raw, CONTRACT).good["visits"].to_pylist() == [8]


def test_a_file_that_lacks_a_column_is_named_when_its_week_is_read(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", line("A", "2026-01-05"))
    (tmp_path / "b.csv").write_text("lead_id,created_at\nB,2026-01-05\nC,2026-01-12\n")
    found = source(tmp_path)
    assert set(found.weeks()) == {FIRST, SECOND}
    with pytest.raises(InvalidInput, match=r"b\.csv lacks columns visits, lead_score, converted"):
        found.read(FIRST)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("leads.csv", b"lead_id,visits\nA,3\n", "has no column created_at; its columns are lead_id, visits; add it"),
        ("leads.csv", b"lead_id;created_at\nA;2026-01-05\n", "separate its values with commas"),
        ("leads.csv", b"lead_id,created_at\nA,soon\nB,later\n", r"has no readable time .*the first is 'soon'"),
        ("leads.csv", b"lead_id,created_at\nA,2026-01-05\nB\n", "line 3 has 1 values but the header names 2"),
        ("leads.csv", b"lead_id,created_at\n", "hold no rows; add leads"),
        ("leads.csv", b"", "is empty"),
        ("leads.parquet", b"", "is empty"),
        ("leads.parquet", b"lead_id,created_at\nA,2026-01-05\n", "is no Parquet file or is damaged"),
        ("leads.xlsx", b"PK\x03\x04", "is no leads file: only"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput, match=message) as caught:
        source(tmp_path / name).weeks()
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leads.parquet"
    pq.write_table(pa.table({"created_at": ["2026-01-05"] * 5000, "lead_id": [str(at) for at in range(5000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:60] = b"\xff" * 56
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match="is no Parquet file or is damaged"):
        source(path).weeks()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
@pytest.mark.parametrize("name", ["leads.csv", "leads.parquet"])
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, line("A", "2026-01-05"))
    path.chmod(0)
    with pytest.raises(InvalidInput, match="may not be read; grant this user read permission"):
        source(path).weeks()


def test_a_file_is_parsed_once_for_all_weeks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []

    def counted(content: bytes, *, place: str) -> pa.Table:
        parsed.append(place)
        return read_csv(content, place=place)

    monkeypatch.setattr(file_index, "read_csv", counted)
    path = write(tmp_path / "leads.csv", line("A", "2026-01-05"), line("B", "2026-01-12"))
    for _ in range(3):
        found = source(path)
        for week in found.weeks():
            found.read(week)
    assert parsed == [str(path)]


def test_a_cache_without_room_reads_the_same_rows_again(tmp_path: Path) -> None:
    rows = [(f"L{at}", FIRST if at % 3 else SECOND) for at in range(40)]
    table = pa.table({"lead_id": [key for key, _ in rows], "created_at": [day for _, day in rows]})
    pq.write_table(table, tmp_path / "leads.parquet", row_group_size=6)
    pcsv.write_csv(table, tmp_path / "leads.csv")
    cache = FileCache(megabytes=0)
    for file in find_files(str(tmp_path), "auto"):
        index = cache.index(file, "created_at")
        found = {week: cache.week(file, index, week, "created_at")["lead_id"].to_pylist() for week in (FIRST, SECOND)}
        assert found == {week: [key for key, day in rows if day == week] for week in (FIRST, SECOND)}


def test_a_file_that_changes_between_index_and_rows_is_to_be_tried_again(tmp_path: Path) -> None:
    path = write(tmp_path / "leads.csv", line("A", "2026-01-05"))
    cache = FileCache(megabytes=0)
    [file] = find_files(str(path), "auto")
    index = cache.index(file, "created_at")
    write(path, line("B", "2026-01-12"), line("C", "2026-01-12"))
    with pytest.raises(TransientError, match="changed while it was read"):
        cache.week(file, index, FIRST, "created_at")


@pytest.mark.parametrize(("name", "weeks", "rows"), [("bank", 122, 45_211), ("hotel", 88, 78_357)])
def test_a_real_history_is_read_week_by_week_in_seconds(name: str, weeks: int, rows: int) -> None:
    path = Path(__file__).parents[3] / "shared" / "data" / f"{name}_leads.parquet"
    if not path.is_file():
        pytest.skip(f"the {name} data set is not beside the checkout")
    names = [field.name for field in pq.read_schema(path)]
    extra = [word for word in names if word not in {"lead_id", "created_at", "converted", "lead_score"}]
    features = [{"name": word, "kind": "categorical", "open_levels": True, "missing": 1.0} for word in extra]
    found = local_source(str(path), contract=contract_from({"features": features}))
    start = time.perf_counter()
    read = [found.read(week).table.num_rows for week in found.weeks()]
    assert (len(read), sum(read)) == (weeks, rows)
    assert time.perf_counter() - start < 20
