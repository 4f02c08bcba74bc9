"""What an intruder with the SQLite file cannot hide from `verify`, and what only a head kept elsewhere shows."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from leadscore_assets.backends import ledger_schema
from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets_tests.backends.test_ledger import NOON, filled, ledger_at
from leadscore_assets_tests.backends.test_ledger_schema import run


def _tamper(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for name, verb in (("update", "UPDATE"), ("delete", "DELETE")):
        assert connection.execute(f"DROP TRIGGER records_refuse_{name}"), verb
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


class TestTampering:
    """What someone who may write to the SQLite file can do, and what `verify` says to it."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        filled(f"sqlite:///{tmp_path}/ledger.db")
        return tmp_path / "ledger.db"

    @pytest.fixture
    def findings(self, path: Path) -> Callable[[], list[str]]:
        return lambda: ledger_at(f"sqlite:///{path}").verify()

    @pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "reason", "evidence", "key"])
    def test_a_changed_field_is_found(self, column: str, path: Path, findings: Callable[[], list[str]]) -> None:
        _tamper(path, f"UPDATE records SET {column} = {column} || ' ' WHERE seq = 3")

        assert findings() == ["record 3 does not match its own hash: one of its fields was changed"]

    def test_a_record_that_was_sealed_again_is_found_by_the_next_one(
        self, path: Path, findings: Callable[[], list[str]], tmp_path: Path
    ) -> None:
        filled(f"sqlite:///{tmp_path}/other.db", 2)
        forged = SqlLedger(f"sqlite:///{tmp_path}/other.db", actor="eve", now=lambda: NOON)
        forged.append("trained", "week 3", reason="due", evidence={"rows": 3000})
        _tamper(path, f"ATTACH '{tmp_path}/other.db' AS other", "REPLACE INTO records SELECT * FROM other.records")

        assert findings() == ["record 4 does not follow record 3: one was changed, removed, inserted or moved"]

    @pytest.mark.parametrize(
        ("condition", "missing"), [("seq = 3", "3"), ("seq IN (2, 3)", "2 to 3"), ("seq = 1", "1")], ids=str
    )
    def test_a_deleted_record_is_found(
        self, condition: str, missing: str, path: Path, findings: Callable[[], list[str]]
    ) -> None:
        _tamper(path, f"DELETE FROM records WHERE {condition}")

        found = findings()
        assert found[0].startswith(f"record {missing} is missing before record ")
        assert "does not follow" in found[1]

    def test_a_deleted_record_is_found_also_when_the_rest_is_renumbered(
        self, path: Path, findings: Callable[[], list[str]]
    ) -> None:
        _tamper(path, "DELETE FROM records WHERE seq = 3", "UPDATE records SET seq = seq - 1 WHERE seq > 3")

        assert [line.split(":")[0] for line in findings()] == [
            "record 3 does not match its own hash",
            "record 3 does not follow record 2",
            "record 4 does not match its own hash",
        ]

    def test_an_inserted_record_is_found(self, path: Path, findings: Callable[[], list[str]]) -> None:
        columns = "at, actor, action, subject, reason, evidence, previous, hash"
        _tamper(path, f"INSERT INTO records SELECT 6, {columns}, 'x' FROM records WHERE seq = 5")

        assert [line.split(":")[0] for line in findings()] == [
            "record 6 does not match its own hash",
            "record 6 does not follow record 5",
        ]

    def test_records_that_changed_places_are_found(self, path: Path, findings: Callable[[], list[str]]) -> None:
        swap = [f"UPDATE records SET seq = {new} WHERE seq = {old}" for old, new in ((2, 99), (3, 2), (99, 3))]
        _tamper(path, *swap)

        assert {line.split(" does not ")[0] for line in findings()} >= {"record 2", "record 3", "record 4"}

    def test_a_tail_that_was_cut_off_shows_against_a_head_kept_elsewhere(
        self, path: Path, findings: Callable[[], list[str]]
    ) -> None:
        kept = ledger_at(f"sqlite:///{path}").head()
        _tamper(path, "DELETE FROM records WHERE seq = 5")

        assert findings() == []
        assert ledger_at(f"sqlite:///{path}").head() != kept

        (found,) = ledger_at(f"sqlite:///{path}").verify(head=kept)
        assert found == "record 5, whose hash was kept, is gone and the newest is record 4: the newest were cut off"

    def test_a_chain_that_was_written_anew_shows_against_a_head_kept_elsewhere(
        self, path: Path, tmp_path: Path
    ) -> None:
        kept = ledger_at(f"sqlite:///{path}").head()
        forged = SqlLedger(f"sqlite:///{tmp_path}/other.db", actor="eve", now=lambda: NOON)
        for number in range(6):
            forged.append("trained", f"week {number}", reason="due", evidence={})

        assert forged.verify() == []
        assert forged.verify(head=kept) == [
            "record 5 is not the one whose hash was kept: records up to it were written anew"
        ]

    def test_a_ledger_that_went_on_still_holds_the_head_that_was_kept(self, path: Path) -> None:
        ledger = ledger_at(f"sqlite:///{path}")
        kept = ledger.head()
        ledger.append("trained", "week 6", reason="due", evidence={})

        assert ledger.verify(head=kept) == []

    def test_a_lost_table_is_found(self, path: Path, findings: Callable[[], list[str]]) -> None:
        _tamper(path, "ALTER TABLE records RENAME TO others")

        assert findings() == ["the ledger holds no table of records; restore it from a backup"]

    def test_evidence_that_is_no_json_is_named(self, path: Path) -> None:
        _tamper(path, "UPDATE records SET evidence = '{' WHERE seq = 3")

        with pytest.raises(CorruptArtefact, match="ledger record 3 cannot be read"):
            ledger_at(f"sqlite:///{path}").records()

    def test_no_flipped_byte_changes_what_the_ledger_says_unnoticed(self, path: Path) -> None:
        told = ledger_at(f"sqlite:///{path}").records()
        content = path.read_bytes()
        rng = random.Random(7)
        used = [place for place, byte in enumerate(content) if byte]
        for place in rng.sample(used, 250):
            changed = bytearray(content)
            changed[place] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            ledger = ledger_at(f"sqlite:///{path}")
            assert ledger.verify() or ledger.records() == told, place


class TestTamperingOnEveryDatabase:
    """Each column of each record, on SQLite and on PostgreSQL."""

    @pytest.fixture
    def open_to_all(self, url: str) -> str:
        filled(url, 3)
        postgres = "postgresql" in url
        guards = (
            ["TRIGGER records_append_only ON records"]
            if postgres
            else ["TRIGGER records_refuse_update", "TRIGGER records_refuse_delete"]
        )
        run(url, *[f"DROP {guard}" for guard in guards])
        return url

    @pytest.mark.parametrize("column", ledger_schema.RECORDS.c.keys())
    def test_a_change_of_any_column_of_any_record_is_found_and_names_the_record(
        self, column: str, open_to_all: str
    ) -> None:
        ledger = ledger_at(open_to_all)
        for seq in (1, 2, 3):
            held = sa.create_engine(open_to_all, poolclass=sa.NullPool)
            change = sa.update(ledger_schema.RECORDS).where(ledger_schema.RECORDS.c.seq == seq)
            with held.begin() as connection:
                was = connection.execute(
                    sa.select(ledger_schema.RECORDS.c[column]).where(ledger_schema.RECORDS.c.seq == seq)
                ).scalar_one()
                forged = 900 + seq if column == "seq" else f"{was[:-1]}~"
                connection.execute(change.values({column: forged}))
            found = ledger.verify()
            assert any(
                f"record {forged if column == 'seq' else seq} does not match its own hash" in line for line in found
            )
            with held.begin() as connection:
                back = sa.update(ledger_schema.RECORDS).where(ledger_schema.RECORDS.c[column] == forged)
                connection.execute(back.values({column: was}))
            assert ledger.verify() == []

    @pytest.mark.parametrize("number", [0, -4])
    def test_a_number_that_no_record_can_have_is_found(self, number: int, open_to_all: str) -> None:
        run(open_to_all, f"UPDATE records SET seq = {number} WHERE seq = 2")

        assert (
            f"a record before number 1 is numbered {number}: its number was changed" in ledger_at(open_to_all).verify()
        )
