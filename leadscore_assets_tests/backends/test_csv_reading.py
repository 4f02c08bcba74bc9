import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from leadscore_assets.backends.sources.csv_reading import read_csv
from leadscore_assets.domain.errors import InvalidInput


def read(folder: Path, content: bytes, name: str = "leads.csv") -> pa.Table:
    return read_csv(content, place=str(folder / name))


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,x\n2,\n",
        b"a,b\r\n1,x\r\n2,\r\n",
        b"\xef\xbb\xbfa,b\n1,x\n2,\n",
        b"\n\na,b\n1,x\n\n2,\n",
        b'"a","b"\n"1","x"\n"2",""',
        gzip.compress(b"a,b\n1,x\n2,\n", mtime=0),
    ],
    ids=["plain", "windows", "byte order mark", "blank lines", "quoted", "gzip"],
)
def test_every_usual_csv_is_read_as_text(tmp_path: Path, content: bytes) -> None:
    assert read(tmp_path, content).to_pydict() == {"a": ["1", "2"], "b": ["x", ""]}


def test_values_keep_line_breaks_commas_quotes_and_what_looks_like_null(tmp_path: Path) -> None:
    table = read(tmp_path, b'a,b\n"x\ny","1,5"\nNA,"say ""hi"""\n007,5" pipe\n')
    assert table.to_pydict() == {"a": ["x\ny", "NA", "007"], "b": ["1,5", 'say "hi"', '5" pipe']}


def test_a_header_without_rows_is_an_empty_table(tmp_path: Path) -> None:
    assert read(tmp_path, b"a,b\n").to_pydict() == {"a": [], "b": []}


def test_a_file_of_many_blocks_is_read_whole(tmp_path: Path) -> None:
    row = b'"' + b"x\n" * 2000 + b'",1\n'
    assert read(tmp_path, b"a,b\n" + row * 9000).num_rows == 9000


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,x\n2\n", "line 3 has 1 values but the header names 2; mend the line"),
        (b'a,b\n"1\n2",x\n2,y,z\n', "line 4 has 3 values but the header names 2"),
        (b'a,b\n1,x\n2,"y\n3,z\n', "line 3 is no valid CSV .*; mend the quotes"),
        (b"a,b\n1,x\n2,\xe9\n", "is not UTF-8 \\(line 3\\); save it as UTF-8"),
        ("a,b\n1,x\n".encode("utf-16"), "is not UTF-8 \\(line 1\\)"),
        (b"", "is empty; remove it or write it again"),
        (b"\n \n", "is empty"),
        (b"a,b,a\n1,2,3\n", "names the column 'a' more than once"),
        (gzip.compress(b"a,b\n1,x\n" * 99, mtime=0)[:-12], "is a damaged gzip file"),
        (b"PAR1xxxx", "is a Parquet file and no CSV"),
        (b"PK\x03\x04xxxx", "is an Excel or zip file and no CSV"),
    ],
)
def test_a_file_that_cannot_be_read_whole_is_refused_with_the_place(
    tmp_path: Path, content: bytes, message: str
) -> None:
    with pytest.raises(InvalidInput, match=f"leads.csv {message}"):
        read(tmp_path, content)
