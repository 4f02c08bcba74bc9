"""What an intruder with the SQLite file cannot hide from `verify`, and what only a head kept elsewhere shows."""

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from leadscore_assets.backends.ledger import SqlLedger
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets_tests.backends.test_ledger import NOON, filled, ledger_at


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

    def test_a_lost_table_is_found(self, path: Path, findings: Callable[[], list[str]]) -> None:
        _tamper(path, "ALTER TABLE records RENAME TO others")

        assert findings() == ["the ledger's file holds no table of records; restore it from a backup"]

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
