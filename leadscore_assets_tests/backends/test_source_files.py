import os
from pathlib import Path

import pytest

from leadscore_assets.backends.local.source_files import find_files
from leadscore_assets.domain.errors import InvalidInput, TransientError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [
        "b.csv",
        "a.parquet",
        "2026/c.CSV.gz",
        "notes.txt",
        ".d.csv",
        "_delta_log/e.parquet",
        ".git/f.csv",
        "_g.csv",
    ]
    for name in names:
        path = tmp_path / "leads" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    return tmp_path / "leads"


def test_a_folder_is_searched_to_its_depths_in_the_order_of_names(folder: Path) -> None:
    found = [(file.name, file.kind) for file in find_files(str(folder), "auto")]
    assert found == [("2026/c.CSV.gz", "csv"), ("_g.csv", "csv"), ("a.parquet", "parquet"), ("b.csv", "csv")]


def test_a_format_picks_among_a_folders_files(folder: Path) -> None:
    assert [file.name for file in find_files(str(folder), "parquet")] == ["a.parquet"]


def test_a_single_file_is_named_by_itself(folder: Path) -> None:
    assert [file.name for file in find_files(str(folder / "b.csv"), "auto")] == ["b.csv"]


def test_a_given_format_reads_a_file_of_any_ending(folder: Path) -> None:
    assert [file.kind for file in find_files(str(folder / "notes.txt"), "csv")] == ["csv"]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.csv", ["_g.csv", "b.csv"]),
        ("**/*.gz", ["c.CSV.gz"]),
        ("[ab].*", ["a.parquet", "b.csv"]),
        ("20*/*", ["2026/c.CSV.gz"]),
    ],
)
def test_a_pattern_names_the_files_that_match(folder: Path, pattern: str, names: list[str]) -> None:
    found = [file.name for file in find_files(f"{folder}/{pattern}", "auto")]
    assert [name.removeprefix("2026/") for name in found] == [name.removeprefix("2026/") for name in names]


def test_a_path_may_be_relative_to_the_working_directory(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert len(find_files("leads", "auto")) == 4
    assert len(find_files("leads/*.csv", "auto")) == 2
    monkeypatch.chdir(folder)
    assert len(find_files("*.csv", "auto")) == 2


def test_a_name_with_pattern_characters_is_a_name_first(tmp_path: Path) -> None:
    (tmp_path / "leads[1].csv").write_text("x")
    assert [file.name for file in find_files(str(tmp_path / "leads[1].csv"), "auto")] == ["leads[1].csv"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "nowhere does not exist; set the source's path"),
        ("*.xml", r"no file matches .*\*\.xml; correct the source's path"),
        ("notes.txt", r"notes\.txt is no leads file: only \.parquet, \.csv and \.csv\.gz are read"),
        ("n*", r"notes\.txt is no leads file"),
        (".git", r"only nothing|holds no \.parquet, \.csv and \.csv\.gz file"),
    ],
)
def test_a_path_without_leads_is_refused_with_the_remedy(folder: Path, path: str, message: str) -> None:
    (folder / ".git" / "f.csv").unlink()
    with pytest.raises(InvalidInput, match=message):
        find_files(str(folder / path), "auto")


def test_a_folder_without_the_wanted_format_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "leads.xlsx").write_text("x")
    with pytest.raises(InvalidInput, match=r"holds no \.csv file, only leads\.xlsx"):
        find_files(str(tmp_path), "csv")


def test_a_stamp_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("one")
    [file] = find_files(str(path), "auto")
    before = file.stamp()
    other = tmp_path / "other"
    other.write_text("two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert file.stamp() != before


def test_a_file_that_is_gone_may_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    path.write_text("one")
    [file] = find_files(str(path), "auto")
    path.unlink()
    with pytest.raises(TransientError, match="is gone or a link to nothing"):
        file.stamp()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_may_not_be_read_is_named(folder: Path) -> None:
    closed = folder / "2026"
    closed.chmod(0)
    try:
        with pytest.raises(InvalidInput, match="2026 may not be read"):
            find_files(str(folder), "auto")
    finally:
        closed.chmod(0o755)
