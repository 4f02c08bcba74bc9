"""Leads in a Delta Lake table: a week is read by its column of times, and known by the content of its rows.

Only weeks that a changed file may hold are looked at again, and what a compaction rewrites without a change keeps its
digest.
"""

from collections.abc import Iterable
from datetime import date
from threading import Lock
from typing import Any

import pyarrow as pa

from leadscore_assets.backends.ports import RawWeek
from leadscore_assets.backends.sources.delta_table import DeltaPlace, DeltaVersion, FileSpan, quoted, week_predicate
from leadscore_assets.backends.sources.files_source import no_rows
from leadscore_assets.backends.sources.joining import joined
from leadscore_assets.backends.sources.notes import Notes
from leadscore_assets.backends.sources.rows import (
    ContentSum,
    by_week,
    check_names,
    filed,
    in_order,
    placed,
    row_hashes,
    weeks_of,
)
from leadscore_assets.domain.calendar import WEEK, weeks_between
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.validation import check_columns

Sums = dict[date | None, ContentSum]
_MOST_WEEKS = 5200


class DeltaSource:
    """The source of a home whose leads lie in a Delta table; rows are ordered by time, key and content."""

    def __init__(self, place: DeltaPlace, *, contract: Contract, notes: Notes | None = None) -> None:
        self._place = place
        self._contract = contract
        self._created_at = contract.created_at
        self._notes = notes or Notes(None, address=place.address, created_at=contract.created_at)
        self._lock = Lock()

    @property
    def address(self) -> str:
        """The table in one line, with the version where one is named."""
        return self._place.address

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows with their digests, oldest first; raise InvalidInput naming the table."""
        return self._digests(self._opened())

    def read(self, week: date) -> RawWeek:
        """Return a week's rows; raise InvalidInput when the table lacks a column of the contract."""
        version = self._opened()
        check_columns(list(version.columns), self._contract, file=self._place.address)
        digests = self._digests(version)
        tables = [table for table in self._rows(version, week, oldest=week == min(digests)) if table.num_rows]
        if not tables:
            return RawWeek(week, no_rows(self._contract), ContentSum().digest())
        table, found = joined(tables), ContentSum()
        hashes = [text for part in tables for text in row_hashes(part)]
        found.add(hashes)
        ordered = in_order(table, hashes, self._contract, name=self._place.name)
        return RawWeek(week, ordered, found.digest())

    def _opened(self) -> DeltaVersion:
        version = self._place.open()
        check_names(list(version.columns), place=self._place.address, created_at=self._created_at)
        return version

    def _rows(self, version: DeltaVersion, week: date, *, oldest: bool) -> Iterable[pa.Table]:
        """Yield a week's rows; the oldest week's come with those without a time."""
        predicate = week_predicate(self._created_at, version.columns[self._created_at], week, week)
        lacking = f"{quoted(self._created_at)} IS NULL"
        if predicate and oldest:
            predicate = f"({predicate}) OR {lacking}"
        for table in version.scan(predicate):
            for found, positions in by_week(*weeks_of(table[self._created_at])):
                if found == week or (found is None and oldest):
                    yield table.take(positions)

    def _digests(self, version: DeltaVersion) -> dict[date, str]:
        with self._lock:
            noted = self._notes.load()
            if noted.get("stamp") == version.stamp:
                return {date.fromisoformat(week): digest for week, digest in noted["digests"].items()}
            spans = version.spans(self._created_at)
            keys = _week_keys(spans or [])
            sums = self._changed(version, keys, noted) if keys else self._all(version)
            digests = {week: found.digest() for week, found in self._filed(sums).items()}
            self._notes.save(
                {
                    "stamp": version.stamp,
                    "digests": {week.isoformat(): digest for week, digest in digests.items()},
                    "files": {f"{week}": key for week, key in keys.items()},
                    "sums": {f"{week}": [found.rows, f"{found.total:x}"] for week, found in sums.items()},
                }
            )
        return digests

    def _filed(self, sums: Sums) -> dict[date, ContentSum]:
        return filed(
            {week: found for week, found in sums.items() if found.rows},
            place=self._place.address,
            created_at=self._created_at,
        )

    def _all(self, version: DeltaVersion) -> Sums:
        return _summed(version.scan(), self._created_at)

    def _changed(self, version: DeltaVersion, keys: dict[date | None, str], noted: dict[str, Any]) -> Sums:
        """Return every week's sum, from the notes where the files that may hold it are those of the last time."""
        files, sums = noted.get("files", {}), noted.get("sums", {})
        known = {
            week: sums[f"{week}"] for week, key in keys.items() if files.get(f"{week}") == key and f"{week}" in sums
        }
        found: Sums = {week: ContentSum(int(rows), int(total, 16)) for week, (rows, total) in known.items()}
        stale = [week for week in keys if week not in known]
        kind = version.columns[self._created_at]
        for first, last in _runs([week for week in stale if week is not None]):
            scanned = _summed(version.scan(week_predicate(self._created_at, kind, first, last)), self._created_at)
            found |= {week: scanned.get(week, ContentSum()) for week in weeks_between(first, last)}
        if None in stale:
            found |= _summed(version.scan(f"{quoted(self._created_at)} IS NULL"), self._created_at)
        return found


def read_sample(place: DeltaPlace) -> pa.Table:
    """Return every row of a table; raise InvalidInput where there is none."""
    tables = list(place.open().scan())
    if not sum(table.num_rows for table in tables):
        raise InvalidInput(f"{place.address} holds no rows; name a table that holds leads")
    return placed(joined(tables), name=place.name)


def _week_keys(spans: list[FileSpan]) -> dict[date | None, str]:
    """Return for every week, and for rows without a time, what the files that may hold them are known by."""
    stamps: dict[date | None, list[str]] = {}
    for span in spans:
        weeks: list[date | None] = [None] if span.lacks_times else []
        if span.first and span.last:
            weeks += weeks_between(span.first, span.last)
        for week in weeks:
            stamps.setdefault(week, []).append(span.stamp)
    # A stray time centuries away would make a key for every week in between: then all rows are looked at instead.
    return {week: digest_of(sorted(found)) for week, found in stamps.items()} if len(stamps) <= _MOST_WEEKS else {}


def _runs(weeks: list[date]) -> list[tuple[date, date]]:
    """Return the first and last of every run of weeks without a gap."""
    runs: list[tuple[date, date]] = []
    for week in sorted(weeks):
        if runs and runs[-1][1] + WEEK == week:
            runs[-1] = (runs[-1][0], week)
        else:
            runs.append((week, week))
    return runs


def _summed(tables: Iterable[pa.Table], created_at: str) -> Sums:
    sums: Sums = {}
    for table in tables:
        hashes = row_hashes(table)
        for week, positions in by_week(*weeks_of(table[created_at])):
            sums.setdefault(week, ContentSum()).add(hashes[at] for at in positions)
    return sums
