"""CSV files as Arrow tables of text: UTF-8, commas, quotes where needed, gzipped or not.

Types come later, with the contract. A file is read whole or refused with the line that is wrong: no row is dropped.
"""

import csv
import gzip
import io
import zlib

import pyarrow as pa
import pyarrow.csv as pcsv

from leadscore_assets.domain.errors import InvalidInput

HEADER_ROWS = 1
_BLOCK = 1 << 24
_GZIP = b"\x1f\x8b"
_OTHERS = {b"PAR1": "a Parquet file", b"PK\x03\x04": "an Excel or zip file"}


def read_csv(content: bytes, *, place: str) -> pa.Table:
    """Read a CSV file, every column as strings, missing values as empty text; raise InvalidInput naming the line."""
    content = _plain(content, place)
    names = _header(place, content)
    try:
        table = pcsv.read_csv(
            io.BytesIO(content.lstrip(b"\r\n")),
            read_options=pcsv.ReadOptions(column_names=names, skip_rows_after_names=HEADER_ROWS, block_size=_BLOCK),
            parse_options=pcsv.ParseOptions(newlines_in_values=True),
            convert_options=pcsv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        problem = _problem(content) or f"is no readable CSV ({str(error).splitlines()[0]}); mend it or export it again"
        raise InvalidInput(f"{place} {problem}") from None
    # An opened quote that is never closed swallows all rows after it without an error: quotes come in pairs.
    unpaired = _problem(content) if content.count(b'"') % 2 else None
    if unpaired:
        raise InvalidInput(f"{place} {unpaired}")
    return table


def _plain(content: bytes, place: str) -> bytes:
    if content.startswith(_GZIP):
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise InvalidInput(f"{place} is a damaged gzip file ({error}); copy it again") from None
    for magic, noun in _OTHERS.items():
        if content.startswith(magic):
            raise InvalidInput(f"{place} is {noun} and no CSV; export it as CSV or give it its own ending")
    if not content.strip():
        raise InvalidInput(f"{place} is empty; remove it or write it again with a header and rows")
    return content


def _header(place: str, content: bytes) -> list[str]:
    try:
        names = next(row for row in csv.reader(_text(content)) if row)
    except UnicodeDecodeError:
        raise InvalidInput(f"{place} {_problem(content)}") from None
    except csv.Error as error:
        raise InvalidInput(f"{place} has no readable header ({error}); name the columns in its first line") from None
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        raise InvalidInput(f"{place} has the single column {names[0][:60]!r}; separate its values with commas")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{place} names the column {', '.join(map(repr, twice))} more than once; rename one of them")
    return names


def _problem(content: bytes) -> str | None:
    """Return what is wrong with a file and on which line, None when nothing is found."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"is not UTF-8 (line {line}); save it as UTF-8"
    reader = csv.reader(_text(content), strict=True)
    width, line = 0, 1
    try:
        for row in reader:
            width = width or len(row)
            if row and len(row) != width:
                return f"line {line} has {len(row)} values but the header names {width}; mend the line"
            line = reader.line_num + 1
    except csv.Error as error:
        return f"line {line} is no valid CSV ({error}); mend the quotes"
    return None


def _text(content: bytes) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")
