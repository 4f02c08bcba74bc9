"""Rows that have no order of their own, as tables and queries give them: told apart, summed up and put in order.

A row's content is its known values as text below their columns' names: the same rows are the same whatever batches,
physical types and order of columns they came in, and a new column without values changes none of them.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import Ints, Mask, day_of, mondays, read_moments
from leadscore_assets.domain.texts import Arrow, as_text
from leadscore_assets.domain.validation import FILE, ROW

_MODULUS = 1 << 128
_LAST = np.iinfo(np.int64).max


@dataclass
class ContentSum:
    """How many rows there are and what they hold, whatever their order: the sum of their hashes."""

    rows: int = 0
    total: int = 0

    @classmethod
    def of(cls, rows: int, pieces: Iterable[int], *, bits: int) -> "ContentSum":
        """Return a sum from the sums of its rows' hashes cut into pieces of so many bits, highest first."""
        total = 0
        for piece in pieces:
            total = (total << bits) + piece
        return cls(rows, total % _MODULUS)

    def add(self, hashes: Iterable[str]) -> None:
        """Add rows by their hashes, 32 hexadecimal digits each."""
        for text in hashes:
            self.rows += 1
            self.total = (self.total + int(text, 16)) % _MODULUS

    def merge(self, other: "ContentSum") -> None:
        """Add what another sum holds."""
        self.rows, self.total = self.rows + other.rows, (self.total + other.total) % _MODULUS

    def digest(self, *, shape: Iterable[str] = ()) -> str:
        """Return the SHA-256 of these rows' content, and of what else their hashes need to be understood."""
        return digest_of([list(shape), self.rows, f"{self.total:x}"])


def row_hashes(table: pa.Table) -> list[str]:
    """Return a hash of every row's known values, 32 hexadecimal digits."""
    parts = [_part(name, table[name]) for name in sorted(table.column_names)]
    if not parts or not table.num_rows:
        return []
    texts: Arrow = pc.binary_join_element_wise(*parts, ";", null_handling="skip")
    return [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts.to_pylist()]


def weeks_of(times: Arrow) -> tuple[Ints, Mask]:
    """Return each row's Monday as days since 1970, and which rows have a time at all."""
    moments = read_moments(times)
    return mondays(moments.us), moments.known


def by_week(mondays_: Ints, known: Mask) -> Iterator[tuple[date | None, Ints]]:
    """Yield the positions of every week's rows, and of those without a time below None."""
    for monday in np.unique(mondays_[known]):
        yield day_of(int(monday)), np.flatnonzero(known & (mondays_ == monday))
    if not known.all():
        yield None, np.flatnonzero(~known)


def filed(sums: Mapping[date | None, ContentSum], *, place: str, created_at: str) -> dict[date, ContentSum]:
    """Return the sums of weeks, oldest first; rows without a readable time are filed with the oldest week."""
    weeks = sorted(week for week in sums if week is not None)
    if not weeks:
        what = f"no readable time in its column {created_at}" if sums else "no rows"
        remedy = "name the right column as the contract's created_at" if sums else "add leads, or name another place"
        raise InvalidInput(f"{place} has {what}; {remedy}")
    found = {week: sums[week] for week in weeks}
    if None in sums:
        found[weeks[0]] = ContentSum()
        found[weeks[0]].merge(sums[weeks[0]])
        found[weeks[0]].merge(sums[None])
    return found


def in_order(table: pa.Table, hashes: list[str], contract: Contract, *, name: str) -> pa.Table:
    """Return rows by time, key and content, each with the name of where it is from and its place in that order."""
    moments = read_moments(table[contract.created_at])
    keys = as_text(table[contract.key])
    order = pa.table(
        {"us": np.where(moments.known, moments.us, _LAST), "key": keys, "content": pa.array(hashes, pa.string())}
    )
    positions = pc.sort_indices(order, sort_keys=[(column, "ascending") for column in order.column_names])
    return placed(table.take(positions), name=name)


def placed(table: pa.Table, *, name: str) -> pa.Table:
    """Return rows with the name of where they are from and their numbers, from 1."""
    names = pa.array([name]).take(np.zeros(table.num_rows, dtype=np.int64))
    kept = table.select([column for column in table.column_names if column not in (FILE, ROW)])
    return kept.append_column(FILE, names).append_column(ROW, pa.array(np.arange(1, table.num_rows + 1)))


def check_names(names: list[str], *, place: str, created_at: str) -> None:
    """Raise InvalidInput where two columns have one name, or the column of times is not there."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{place} gives the column {', '.join(twice)} more than once; give each its own name")
    if created_at not in names:
        raise InvalidInput(
            f"{place} has no column {created_at}; its columns are {', '.join(names)}; add it, or name another column "
            "as the contract's created_at"
        )


def _part(name: str, column: Arrow) -> Arrow:
    """A column's values as texts that cannot run into each other, null where missing: texts come with their length."""
    text, kind = as_text(column), column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return pc.binary_join_element_wise(f"{name}=", text, "")
    return pc.binary_join_element_wise(f"{name}=", pc.binary_length(text).cast(pa.string()), ":", text, "")
