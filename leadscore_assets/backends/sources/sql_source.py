"""Leads from a SQL query: reading a week asks the database for that week, and weeks are told apart by the database.

Rows are ordered by time, key and content. Those without a time go with the oldest week; validation sets them aside.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pyarrow as pa

from leadscore_assets.backends.ports import RawWeek
from leadscore_assets.backends.sources.files_source import no_rows
from leadscore_assets.backends.sources.joining import joined
from leadscore_assets.backends.sources.rows import ContentSum, filed, in_order, placed
from leadscore_assets.backends.sources.sql_database import Database
from leadscore_assets.backends.sources.sql_query import single_select
from leadscore_assets.backends.sources.sql_rows import Batch, QueryRows
from leadscore_assets.backends.sources.sql_times import Times
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.validation import check_columns


class SqlSource:
    """The source of a home whose leads a query gives; `name` is the query's own, as its rows carry it."""

    def __init__(self, url: str, query: str, *, contract: Contract, name: str = "query", batch_rows: int) -> None:
        self._database = Database(url)
        self._query = single_select(query, place=name)
        self._contract = contract
        self._name = name
        self._batch_rows = batch_rows

    @property
    def address(self) -> str:
        """The database and the query in one line, without user and password."""
        return _address(self._database, self._query, self._name)

    def weeks(self) -> dict[date, str]:
        """Return the weeks that hold rows with their digests, oldest first; raise InvalidInput naming the query."""
        with self._asking() as (rows, times):
            sums = rows.sums(times, self._contract.created_at)
        found = filed(sums, place=self.address, created_at=self._contract.created_at)
        return {week: _digest(held, rows.names) for week, held in found.items()}

    def read(self, week: date) -> RawWeek:
        """Return a week's rows; raise InvalidInput when the query lacks a column of the contract."""
        with self._asking() as (rows, times):
            check_columns(rows.names, self._contract, file=self.address)
            batches = _filled(rows.week(times, week))
            if batches and not rows.anything_before(times, week):
                batches += _filled(rows.timeless(times))
        if not batches:
            return RawWeek(week, no_rows(self._contract), _digest(ContentSum(), rows.names))
        hashes = [text for _, found in batches for text in found]
        held = ContentSum()
        held.add(hashes)
        table = joined([table for table, _ in batches])
        return RawWeek(week, in_order(table, hashes, self._contract, name=self._name), _digest(held, rows.names))

    @contextmanager
    def _asking(self) -> Iterator[tuple[QueryRows, Times]]:
        with self._database.reading() as connection:
            rows = QueryRows(connection, self._query, self.address, self._batch_rows)
            yield rows, rows.times(self._contract.created_at)


def read_sample(url: str, query: str, *, name: str, batch_rows: int) -> pa.Table:
    """Return every row that a query gives; raise InvalidInput where there is none."""
    database, select = Database(url), single_select(query, place=name)
    address = _address(database, select, name)
    with database.reading() as connection:
        tables = list(QueryRows(connection, select, address, batch_rows).batches())
    if not tables:
        raise InvalidInput(f"{address} gives no rows; name a query that gives leads")
    return placed(joined(tables), name=name)


def _filled(batches: Iterator[Batch]) -> list[Batch]:
    return [batch for batch in batches if batch[0].num_rows]


def _digest(held: ContentSum, names: list[str]) -> str:
    return held.digest(shape=names)


def _address(database: Database, query: str, name: str) -> str:
    return f"sql:{database.address} {name} {digest_of(query)[:8]}"
