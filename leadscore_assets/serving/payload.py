"""What a request's body holds: leads as JSON, JSON Lines or CSV, checked against the contract before any is scored."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput, oneline
from leadscore_assets.domain.requests import record_from_csv, violations
from leadscore_assets.serving.refusals import SHOWN_VIOLATIONS, Broken, RefusedRequest, shortened

MAXIMUM_RECORDS = 10_000
BATCH_RECORDS = 100_000
_CHECKED_AT_ONCE = 256
_decoder = msgspec.json.Decoder()


@dataclass(frozen=True)
class Leads:
    """Leads of one request; `headless` when they came as CSV without a header row."""

    records: list[Any]
    headless: bool = False


def read_leads(body: bytes, content_type: str, contract: Contract, *, most: int = MAXIMUM_RECORDS) -> Leads:
    """Parse a body of `most` leads at most.

    Raises RefusedRequest: 415 for a type that is not read, 413 for too many records, else 400.
    """
    kind = content_type.partition(";")[0].strip().lower()
    reader = _READERS.get(kind)
    if reader is None:
        shown = shortened(content_type) if kind else "(none)"
        raise RefusedRequest(f"content type {shown} is not read; send {', '.join(_READERS)}", status=415)
    if not body.strip():
        raise RefusedRequest("the body is empty; send at least one lead")
    leads = reader(body, contract, most)
    if not leads.records:
        raise RefusedRequest("the body holds no lead; send at least one")
    _check_count(len(leads.records), most)
    return leads


def check(records: Sequence[Any], contract: Contract) -> None:
    """Raise RefusedRequest naming record, field, value and rule of the first hundred breaks of the contract."""
    found: list[Broken] = []
    for start in range(0, len(records), _CHECKED_AT_ONCE):
        part = records[start : start + _CHECKED_AT_ONCE]
        found += _not_objects(part, start) or [
            Broken(item.index, shortened(item.field), shortened(item.value), item.rule)
            for item in islice(violations(part, contract, first=start), SHOWN_VIOLATIONS)
        ]
        if len(found) >= SHOWN_VIOLATIONS:
            break
    refuse(found)


def refuse(found: Sequence[Broken]) -> None:
    """Raise RefusedRequest when there is anything to name."""
    if found:
        told = oneline([str(item) for item in found], limit=5)
        raise RefusedRequest(f"the request breaks the contract: {told}", violations=list(found[:SHOWN_VIOLATIONS]))


def _not_objects(records: Sequence[Any], start: int) -> list[Broken]:
    return [
        Broken(start + at, "(record)", shortened(record), "must be a JSON object of column names and values")
        for at, record in enumerate(records)
        if not isinstance(record, Mapping)
    ]


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise RefusedRequest(f"the body holds more than {most:,} records; send fewer at once", status=413)


def _json(body: bytes, contract: Contract, _most: int) -> Leads:
    content = _parsed(body, "the body")
    if isinstance(content, dict) and "instances" in content and "instances" not in contract.by_name:
        if len(content) > 1 or not isinstance(content["instances"], list):
            raise RefusedRequest('"instances" must be the only key and hold a list of leads')
        content = content["instances"]
    return Leads(content if isinstance(content, list) else [content])


def _json_lines(body: bytes, _contract: Contract, most: int) -> Leads:
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    _check_count(len(lines), most)
    return Leads([_parsed(line, f"line {number}") for number, line in lines])


def _csv(body: bytes, contract: Contract, most: int) -> Leads:
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
        rows = list(islice((row for row in csv.reader(text, strict=True) if row), most + 2))
    except UnicodeDecodeError as error:
        raise RefusedRequest(f"the body is not UTF-8 (byte {error.start}); send UTF-8") from None
    except csv.Error as error:
        raise RefusedRequest(f"the body is no valid CSV: {error}") from None
    header = rows.pop(0) if rows and _is_header(rows[0], contract) else None
    _check_count(len(rows), most)
    return Leads(_records(rows, contract, header), headless=header is None)


def _records(rows: Sequence[Sequence[str]], contract: Contract, header: Sequence[str] | None) -> list[Any]:
    records, found = [], []
    for at, row in enumerate(rows):
        try:
            records.append(record_from_csv(row, contract, header))
        except InvalidInput as error:
            found.append(Broken(at, "(row)", None, str(error)))
        if len(found) >= SHOWN_VIOLATIONS:
            break
    refuse(found)
    return records


def _is_header(row: Sequence[str], contract: Contract) -> bool:
    """Half of the cells being column names tells a header with a misspelt name from a row of values."""
    names = {*contract.names, contract.key, contract.created_at, *contract.known_later}
    return 2 * sum(cell.strip() in names for cell in row) >= len(row)


def _parsed(text: bytes, place: str) -> Any:
    try:
        return _decoder.decode(text)
    except RecursionError:
        raise RefusedRequest(f"{place} is nested too deeply; a lead is one flat object") from None
    except UnicodeDecodeError as error:
        raise RefusedRequest(f"{place} is not UTF-8 (byte {error.start}); send UTF-8") from None
    except msgspec.DecodeError as error:
        raise RefusedRequest(f"{place} is no valid JSON: {error}") from None


_READERS: dict[str, Callable[[bytes, Contract, int], Leads]] = {
    "application/json": _json,
    "application/jsonlines": _json_lines,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
}
