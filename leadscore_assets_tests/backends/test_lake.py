"""The lake's contract, and what holds for the local one."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.backends.local.lake import LocalLake
from leadscore_assets.backends.ports import Lake
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing, TransientError
from leadscore_assets.domain.facts import DataFile, Slice, WeekManifest

WEEK = date(2026, 1, 19)
UNDER = "leads/week=2026-01-19/day=2026-01-19"
_HOLDER = """
import sys
from pathlib import Path
from leadscore_assets.backends.local.lake import LocalLake
with LocalLake(Path(sys.argv[1])).lock("week=2026-01-19"):
    print("held", flush=True)
    sys.stdin.read()
"""


def leads(rows: int = 500, *, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    moments = [datetime(2026, 1, 19, tzinfo=UTC) + timedelta(seconds=index) for index in range(rows)]
    return pa.table(
        {
            "lead_id": pa.array([f"L{index}" for index in range(rows)], pa.string()),
            "created_at": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "spend": pa.array(random.normal(size=rows), mask=random.random(rows) < 0.05),
            "country": pa.array(random.choice(["DE", "FR"], rows)),
            "converted": pa.array(random.random(rows) < 0.2),
        }
    )


def stored(lake: Lake, table: pa.Table, *, under: str = UNDER) -> DataFile:
    path, sha256 = lake.write_table(table, under=under)
    return DataFile(path, sha256, table.num_rows, WEEK)


def manifest(*files: DataFile, week: date = WEEK) -> WeekManifest:
    rows = sum(file.rows for file in files)
    reasons = {"country: unknown level": 3}
    return WeekManifest(week, "ab" * 32, "cd" * 32, "ef" * 32, rows, files, reasons=reasons, quality={"score": 0.97})


class LakeContract:
    """What every lake keeps to; an adapter's tests derive from it and give `lake` and `overwrite` (path, bytes)."""

    def test_a_table_comes_back_as_it_was_written(self, lake: Lake) -> None:
        table = leads()

        assert lake.read_files([stored(lake, table)]).equals(table)

    def test_a_file_is_named_by_its_own_bytes(self, lake: Lake) -> None:
        path, sha256 = lake.write_table(leads(), under=UNDER)

        assert path == f"{UNDER}/part-{sha256[:16]}.parquet"
        assert lake.local_path(path).is_file()

    def test_equal_tables_give_one_file_however_they_are_cut_into_chunks(self, lake: Lake) -> None:
        table = leads()
        pieces = pa.concat_tables([table.slice(0, 7), table.slice(7, 200), table.slice(207)])

        assert lake.write_table(pieces, under=UNDER) == lake.write_table(table, under=UNDER)

    def test_files_are_joined_in_the_order_asked_for(self, lake: Lake) -> None:
        first, second = leads(10, seed=1), leads(20, seed=2)
        files = [stored(lake, first), stored(lake, second)]

        assert lake.read_files(files[::-1]).equals(pa.concat_tables([second, first]))

    def test_only_the_columns_asked_for_are_read_in_their_order(self, lake: Lake) -> None:
        file = stored(lake, leads())

        assert lake.read_files([file], columns=["country", "lead_id"]).column_names == ["country", "lead_id"]

    def test_a_column_that_no_file_has_is_named(self, lake: Lake) -> None:
        file = stored(lake, leads())

        with pytest.raises(InvalidInput, match="has no column budget; run 'leadscore ingest'"):
            lake.read_files([file], columns=["lead_id", "budget"])

    def test_files_of_different_columns_are_not_joined(self, lake: Lake) -> None:
        files = [stored(lake, leads()), stored(lake, leads().drop_columns("spend"))]

        with pytest.raises(InvalidInput, match="differ in their columns"):
            lake.read_files(files)

    def test_no_files_give_no_table(self, lake: Lake) -> None:
        with pytest.raises(ValueError, match="no schema"):
            lake.read_files([])

    def test_a_table_without_rows_keeps_its_columns(self, lake: Lake) -> None:
        assert lake.read_files([stored(lake, leads(0))]).schema.equals(leads().schema)

    def test_a_changed_file_is_refused_also_after_it_was_read_once(
        self, lake: Lake, overwrite: Callable[[str, bytes], None]
    ) -> None:
        file = stored(lake, leads())
        content = bytearray(lake.local_path(file.path).read_bytes())
        lake.read_files([file])
        content[len(content) // 2] ^= 1
        overwrite(file.path, bytes(content))

        with pytest.raises(CorruptArtefact, match=r"its SHA-256 differs\); run 'leadscore ingest'"):
            lake.read_files([file])

    def test_a_file_that_is_gone_is_refused_with_the_remedy(self, lake: Lake) -> None:
        with pytest.raises(CorruptArtefact, match="is gone; run 'leadscore ingest'"):
            lake.read_files([DataFile(f"{UNDER}/part-0.parquet", "ab" * 32, 1, WEEK)])

    def test_writing_again_heals_a_changed_file(self, lake: Lake, overwrite: Callable[[str, bytes], None]) -> None:
        file = stored(lake, leads())
        overwrite(file.path, b"rotten")

        assert stored(lake, leads()) == file
        assert lake.read_files([file]).equals(leads())

    def test_a_week_is_invisible_until_it_is_published(self, lake: Lake) -> None:
        written = manifest(stored(lake, leads()))
        assert lake.manifest(WEEK) is None
        assert lake.manifests(WEEK, WEEK) == []

        lake.publish(written)

        assert lake.manifest(WEEK) == written

    def test_a_manifest_never_names_a_file_that_was_not_written(self, lake: Lake) -> None:
        with pytest.raises(Missing, match=r"part-0\.parquet is not in the lake"):
            lake.publish(manifest(DataFile(f"{UNDER}/part-0.parquet", "ab" * 32, 1, WEEK)))

        assert lake.manifest(WEEK) is None

    def test_weeks_come_oldest_first_and_within_their_bounds(self, lake: Lake) -> None:
        weeks = [WEEK + timedelta(weeks=number) for number in range(4)]
        for week in reversed(weeks):
            lake.publish(manifest(week=week))

        assert [item.week for item in lake.manifests(weeks[1], weeks[2])] == weeks[1:3]

    def test_a_slice_comes_back_as_it_was_written(self, lake: Lake) -> None:
        item = Slice("train", WEEK, (WEEK, WEEK + timedelta(days=1)), (stored(lake, leads()),), 500, "ab" * 32)

        lake.write_slice(item)

        assert lake.slice(WEEK, "train") == item

    def test_a_missing_slice_names_the_asset_that_makes_it(self, lake: Lake) -> None:
        with pytest.raises(Missing, match=r"^week 2026-01-19 has no train slice; materialize train_slice for it$"):
            lake.slice(WEEK, "train")

    def test_a_document_is_replaced_whole(self, lake: Lake) -> None:
        assert lake.read_json("reports/drift.json") is None

        lake.write_json("reports/drift.json", {"psi": 0.1, "note": "größer", "week": WEEK})
        lake.write_json("reports/drift.json", {"psi": 0.2})

        assert lake.read_json("reports/drift.json") == {"psi": 0.2}

    def test_a_document_with_a_number_that_is_not_finite_is_refused(self, lake: Lake) -> None:
        with pytest.raises(InvalidInput, match=r"reports/drift\.json: .*; leave values that are not finite out"):
            lake.write_json("reports/drift.json", {"psi": float("nan")})

    @pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff"], ids=["cut short", "a list", "no text"])
    def test_a_document_that_is_no_json_object_is_corrupt(
        self, content: bytes, lake: Lake, overwrite: Callable[[str, bytes], None]
    ) -> None:
        lake.write_json("reports/drift.json", {})
        overwrite("reports/drift.json", content)

        with pytest.raises(CorruptArtefact, match=r"drift\.json .*; write it again"):
            lake.read_json("reports/drift.json")

    def test_a_manifest_of_another_shape_is_corrupt(self, lake: Lake) -> None:
        lake.write_json(f"leads/week={WEEK}/manifest.json", {"week": "2026-01-19"})

        with pytest.raises(CorruptArtefact, match=r"manifest\.json is no WeekManifest .*; run 'leadscore ingest'"):
            lake.manifest(WEEK)

    def test_bytes_are_stored_as_they_are(self, lake: Lake) -> None:
        lake.write_bytes("reports/page.html", b"<p>")

        assert lake.local_path("reports/page.html").read_bytes() == b"<p>"

    @pytest.mark.parametrize("path", ["", "..", "../x", "a/../../x", "/tmp/x", "a\\b", "a\0b"])
    def test_no_path_leads_out_of_the_lake(self, path: str, lake: Lake) -> None:
        for use in (lake.read_json, lake.local_path, lambda place: lake.write_bytes(place, b"x")):
            with pytest.raises(InvalidInput, match="leads out of the lake"):
                use(path)

    def test_a_lock_that_stays_taken_is_transient_and_named(self, lake: Lake) -> None:
        with lake.lock("week=2026-01-19"):
            with pytest.raises(TransientError, match="lock week=2026-01-19 was taken"), lake.lock("week=2026-01-19"):
                pass
            with lake.lock("week=2026-01-26"):
                assert lake.manifest(WEEK) is None
        with lake.lock("week=2026-01-19"):
            assert lake.manifest(WEEK) is None


class TestLocalLake(LakeContract):
    @pytest.fixture
    def lake(self, tmp_path: Path) -> LocalLake:
        return LocalLake(tmp_path / "lake", lock_seconds=0.1)

    @pytest.fixture
    def overwrite(self, tmp_path: Path) -> Callable[[str, bytes], None]:
        return lambda path, content: (tmp_path / "lake" / path).write_bytes(content) and None

    def test_a_parquet_file_has_statistics_and_bounded_row_groups(self, lake: LocalLake) -> None:
        footer = pq.read_metadata(lake.local_path(stored(lake, leads(140_000)).path))

        assert [footer.row_group(index).num_rows for index in range(footer.num_row_groups)] == [131_072, 8_928]
        assert footer.row_group(0).column(2).statistics.null_count > 0
        assert footer.row_group(0).column(2).compression == "ZSTD"

    def test_a_stored_file_is_never_replaced_by_its_equal(self, lake: LocalLake) -> None:
        before = lake.local_path(stored(lake, leads()).path).stat()

        after = lake.local_path(stored(lake, leads()).path).stat()

        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    def test_nothing_but_the_files_themselves_is_left_in_their_folder(self, lake: LocalLake) -> None:
        files = [stored(lake, leads(seed=seed)) for seed in (1, 2, 1)]

        assert {path.name for path in lake.local_path(UNDER).iterdir()} == {Path(file.path).name for file in files}

    def test_a_symbolic_link_leads_nowhere(self, lake: LocalLake, tmp_path: Path) -> None:
        (tmp_path / "lake").mkdir()
        (tmp_path / "lake" / "reports").symlink_to(tmp_path)

        with pytest.raises(InvalidInput, match="leads out of the lake"):
            lake.write_json("reports/x.json", {})

    def test_a_lock_whose_holder_was_killed_is_free(self, tmp_path: Path) -> None:
        command = [sys.executable, "-c", _HOLDER, str(tmp_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            impatient = LocalLake(tmp_path, lock_seconds=0.05)
            with pytest.raises(TransientError, match="another run is at work"), impatient.lock("week=2026-01-19"):
                pass
            holder.kill()
            holder.wait(timeout=30)

            with LocalLake(tmp_path, lock_seconds=10).lock("week=2026-01-19"):
                assert holder.returncode == -9

    @pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write anywhere")
    def test_a_lake_that_may_not_be_written_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "lake").mkdir(mode=0o500)

        with pytest.raises(InvalidInput, match="give yourself permission"):
            LocalLake(tmp_path / "lake").write_json("a/b.json", {})

    def test_a_lake_below_a_file_says_so(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        lake = LocalLake(tmp_path / "file" / "lake")

        for use in (lambda: lake.write_table(leads(), under=UNDER), lambda: lake.lock("x").__enter__()):
            with pytest.raises(InvalidInput, match="cannot be used: Not a directory; check the path"):
                use()

    @given(content=st.dictionaries(st.text(), st.recursive(st.integers() | st.text(), st.lists, max_leaves=5)))
    def test_any_document_comes_back(
        self, content: dict[str, object], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        lake = LocalLake(tmp_path_factory.getbasetemp() / "documents")

        place = lake.write_json("any.json", content)

        assert lake.read_json("any.json") == content == json.loads(Path(place).read_bytes())
