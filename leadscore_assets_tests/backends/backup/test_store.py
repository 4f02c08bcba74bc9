"""The store of backups: each content once, whole or absent, for its owner alone, and every flipped byte is named."""

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadscore_assets.backends.backup.manifest import Backup, KeptFile, KeptLedger
from leadscore_assets.backends.backup.store import BackupStore
from leadscore_assets.domain.digests import file_digest
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing

LEDGER = KeptLedger("home", "", "", 0, "0" * 64)


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    made = BackupStore(tmp_path / "backups of ann")
    made.prepare()
    return made


def backup_of(store: BackupStore, folder: Path, name: str = "one", **contents: str) -> Backup:
    kept = []
    for path, text in contents.items():
        source = folder / path
        source.write_text(text)
        digest, size = store.put(source)
        kept.append(KeptFile(path, digest, size, 0o644, 1))
    backup = Backup(name, datetime(2026, 3, 2, tzinfo=UTC), "ann", "1.0", "/home", LEDGER, tuple(kept), ("a note",))
    store.write(backup)
    return backup


def objects(store: BackupStore) -> list[Path]:
    return sorted(path for path in (store.root / "objects").rglob("*") if path.is_file())


def test_a_backup_reads_back_equal_and_its_contents_too(store: BackupStore, tmp_path: Path) -> None:
    backup = backup_of(store, tmp_path, a="leads", b="more")

    assert store.read() == store.read("one") == backup
    assert store.damaged(backup) == []
    store.take(backup.files[0].sha256, tmp_path / "back" / "a", mode=0o640)
    assert (tmp_path / "back" / "a").read_text() == "leads"
    assert (tmp_path / "back" / "a").stat().st_mode & 0o777 == 0o640


def test_the_same_content_is_kept_once(store: BackupStore, tmp_path: Path) -> None:
    backup_of(store, tmp_path, a="same", b="same", c="other")
    facts = {path: path.stat().st_mtime_ns for path in objects(store)}
    backup_of(store, tmp_path, name="two", a="same", d="new")

    assert len(facts) == 2
    assert len(objects(store)) == 3
    assert all(path.stat().st_mtime_ns == written for path, written in facts.items())
    assert store.names() == ["one", "two"]
    assert store.read().name == "two"


def test_everything_is_for_its_owner_alone(store: BackupStore, tmp_path: Path) -> None:
    backup_of(store, tmp_path, a="leads")
    with store.staging() as staging:
        assert staging.stat().st_mode & 0o777 == 0o700
    for path in [store.root, *store.root.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_any_flipped_byte_of_a_content_is_named(store: BackupStore, tmp_path: Path) -> None:
    backup = backup_of(store, tmp_path, a="leads" * 50, b="more" * 50)
    rng = random.Random(7)
    for path in objects(store):
        content = path.read_bytes()
        for place in rng.sample(range(len(content)), 20):
            changed = bytearray(content)
            changed[place] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            (problem,) = store.damaged(backup)
            name = next(file.path for file in backup.files if file.sha256 == path.name)
            assert problem.startswith(f"{name} is damaged: the SHA-256 differs ({path})")
        path.write_bytes(content)
    assert store.damaged(backup) == []


def test_no_flipped_byte_of_a_manifest_goes_unnoticed(store: BackupStore, tmp_path: Path) -> None:
    backup_of(store, tmp_path, a="leads")
    path = store.root / "backups" / "one.json"
    content = path.read_bytes()
    for place in range(len(content) - 1):
        changed = bytearray(content)
        changed[place] ^= 1
        path.write_bytes(changed)
        with pytest.raises(CorruptArtefact, match=r"one\.json is damaged .*restore an earlier backup"):
            store.read()


def test_a_content_that_is_gone_is_named_with_what_needs_it(store: BackupStore, tmp_path: Path) -> None:
    backup = backup_of(store, tmp_path, a="same", b="same", c="other")
    (store.root / "objects" / backup.files[0].sha256[:2] / backup.files[0].sha256).unlink()

    (problem,) = store.damaged(backup)
    assert problem.startswith("a and 1 more is gone from the backup")
    ledger = replace(backup, ledger=replace(LEDGER, sha256="ab" * 32))
    assert any("the ledger's copy is gone" in line for line in store.damaged(ledger))


def test_a_damaged_content_is_written_again_by_the_next_backup(store: BackupStore, tmp_path: Path) -> None:
    backup = backup_of(store, tmp_path, a="leads")
    (path,) = objects(store)
    path.write_text("laeds")

    backup_of(store, tmp_path, name="two", a="leads")

    assert file_digest(path) == backup.files[0].sha256
    assert store.damaged(backup) == []


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(InvalidInput, match="holds something else; name an empty folder"):
        BackupStore(tmp_path).prepare()
    with pytest.raises(InvalidInput, match="is a file; name a folder"):
        BackupStore(tmp_path / "thesis.tex").prepare()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_backup_that_is_not_there_is_missing(store: BackupStore, tmp_path: Path) -> None:
    with pytest.raises(Missing, match="holds no backup; there is none"):
        store.read()
    backup_of(store, tmp_path)
    with pytest.raises(Missing, match="holds no backup two; there are one"):
        store.read("two")
    with pytest.raises(Missing):
        BackupStore(tmp_path / "nowhere").read()
