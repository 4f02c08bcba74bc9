"""A week's raw rows against the contract: the good ones typed and sorted, the bad ones set aside with their reasons.

Every row of the source ends in exactly one place: good, bad, or counted as a duplicate that a later row replaces.
A request is judged by the same rules in requests.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadscore_assets.domain import rules
from leadscore_assets.domain.casting import Floats, Numbers, read_booleans, read_numbers, read_texts
from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import Ints, Mask, as_timestamps, mask_of, read_moments
from leadscore_assets.domain.texts import Arrow, as_text, is_blank

FILE, ROW, REASONS = "__file", "__row", "reasons"
PLACES = (FILE, ROW, REASONS)


@dataclass(frozen=True)
class Validated:
    """A week, judged.

    `good` has the contract's schema and is sorted by (created_at, key). `bad` holds the broken rows' raw columns as
    strings, `__file`, `__row` and `reasons`. `reasons` counts rows per broken rule, `duplicates` good rows that a later
    row with the same key replaced, `unlabelled` good rows whose label is not known yet.
    """

    good: pa.Table
    bad: pa.Table
    reasons: dict[str, int]
    duplicates: int
    unlabelled: int


@dataclass(frozen=True)
class _Judged:
    """One column as the contract wants it, and which rows break which rule; broken rows hold anything."""

    column: Arrow
    breaks: dict[str, Mask]


def validate_week(raw: pa.Table, contract: Contract) -> Validated:
    """Judge raw rows of any physical types against the contract; raise InvalidInput when a whole column is missing."""
    check_columns(raw.column_names, contract, file=_files(raw))
    judged = {name: _judge(raw[name], name, contract) for name in contract.schema.names}
    breaks = {f"{name}: {rule}": mask for name, item in judged.items() for rule, mask in item.breaks.items()}
    broken = np.zeros(raw.num_rows, dtype=bool)
    for mask in breaks.values():
        broken |= mask
    typed = pa.table({name: item.column for name, item in judged.items()})
    kept = _last_of_each_key(typed[contract.key], broken)
    good = _sorted(typed, kept, contract)
    return Validated(
        good=good,
        bad=_quarantined(raw, np.flatnonzero(broken), breaks),
        reasons={reason: int(mask.sum()) for reason, mask in breaks.items()},
        duplicates=raw.num_rows - int(broken.sum()) - len(kept),
        unlabelled=good[contract.label].null_count,
    )


def check_columns(names: Sequence[str], contract: Contract, *, file: str) -> None:
    """Raise InvalidInput when columns of the contract are not there or stand twice, naming them and the file."""
    missing = [name for name in contract.schema.names if name not in names]
    if missing:
        there = ", ".join(name for name in names if name not in PLACES) or "none"
        raise InvalidInput(
            f"{file} lacks {_counted('column', missing)} of the contract {contract.name}; its columns are {there}; "
            "add what is missing to the file or mend the contract"
        )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InvalidInput(f"{file} has {_counted('column', twice)} more than once; give every column its own name")


def _judge(column: Arrow, name: str, contract: Contract) -> _Judged:
    if name == contract.key:
        return _key(column)
    if name == contract.created_at:
        return _moment(column, required=True)
    if name == contract.label:
        bounds = (float(contract.label_minimum), float(contract.label_maximum))
        return _whole(_in_bounds(read_numbers(column), bounds=bounds, whole=True))
    if name in (contract.outcome, contract.feedback):
        return _boolean(column, required=False)
    if name == contract.revenue:
        return _in_bounds(read_numbers(column), bounds=(None, None), whole=False)
    return _feature(column, contract.by_name[name])


def _feature(column: Arrow, feature: Feature) -> _Judged:
    required = feature.missing == 0
    if feature.kind == "timestamp":
        return _moment(column, required=required)
    if feature.kind == "boolean":
        return _boolean(column, required=required)
    if feature.kind == "categorical":
        return _level(column, feature)
    whole = feature.kind == "integer"
    numbers = read_numbers(column)
    found = _in_bounds(numbers, bounds=(feature.minimum, feature.maximum), whole=whole)
    found.breaks.update(_required(numbers.missing, required=required))
    return _whole(found) if whole else found


def _key(column: Arrow) -> _Judged:
    texts = read_texts(column)
    blank = mask_of(is_blank(texts.values)) & ~texts.unreadable
    return _Judged(texts.values, _present({rules.NOT_TEXT: texts.unreadable, rules.MISSING: blank}))


def _moment(column: Arrow, *, required: bool) -> _Judged:
    moments = read_moments(column)
    breaks = _present({rules.NOT_A_MOMENT: moments.unreadable}) | _required(moments.missing, required=required)
    return _Judged(as_timestamps(moments), breaks)


def _boolean(column: Arrow, *, required: bool) -> _Judged:
    numbers = read_booleans(column)
    breaks = _present({rules.NOT_A_BOOLEAN: numbers.unreadable}) | _required(numbers.missing, required=required)
    return _Judged(pa.array(numbers.values == 1, mask=np.isnan(numbers.values)), breaks)


def _level(column: Arrow, feature: Feature) -> _Judged:
    texts = read_texts(column)
    breaks = {rules.NOT_TEXT: texts.unreadable}
    if not feature.open_levels:
        known = mask_of(pc.is_in(texts.values, value_set=pa.array(feature.levels, pa.string())))
        breaks[rules.UNLISTED] = ~known & mask_of(pc.is_valid(texts.values))
    missing = mask_of(pc.is_null(texts.values)) & ~texts.unreadable
    return _Judged(texts.values, _present(breaks) | _required(missing, required=feature.missing == 0))


def _in_bounds(numbers: Numbers, *, bounds: tuple[float | None, float | None], whole: bool) -> _Judged:
    values, (minimum, maximum) = numbers.values, bounds
    endless = np.isinf(values)
    rest = ~(endless | np.isnan(values))
    breaks = {rules.NOT_A_NUMBER: numbers.unreadable, rules.NOT_FINITE: endless}
    if whole:
        breaks[rules.NOT_WHOLE] = rest & (np.floor(values) != values)
        rest &= ~breaks[rules.NOT_WHOLE]
        breaks[rules.TOO_LARGE] = rest & (np.abs(values) >= rules.FIRST_INEXACT)
        rest &= ~breaks[rules.TOO_LARGE]
    if minimum is not None:
        breaks[rules.below(minimum)] = rest & (values < minimum)
    if maximum is not None:
        breaks[rules.above(maximum)] = rest & (values > maximum)
    return _Judged(pa.array(values, mask=np.isnan(values)), _present(breaks))


def _whole(found: _Judged) -> _Judged:
    values: Floats = found.column.to_numpy(zero_copy_only=False)
    exact = np.abs(values) < rules.FIRST_INEXACT
    whole = np.where(exact, values, 0).astype(np.int64)
    return _Judged(pa.array(whole, mask=~exact), found.breaks)


def _required(missing: Mask, *, required: bool) -> dict[str, Mask]:
    return _present({rules.MISSING: missing}) if required else {}


def _present(breaks: dict[str, Mask]) -> dict[str, Mask]:
    return {rule: mask for rule, mask in breaks.items() if mask.any()}


def _last_of_each_key(keys: Arrow, broken: Mask) -> Ints:
    good = np.flatnonzero(~broken)
    encoded = keys.take(good).combine_chunks().dictionary_encode()
    last = np.zeros(len(encoded.dictionary), dtype=np.int64)
    last[encoded.indices.to_numpy()] = good  # where a key comes again, the later row overwrites the earlier one
    return np.sort(last)


def _sorted(typed: pa.Table, kept: Ints, contract: Contract) -> pa.Table:
    order = [contract.created_at, contract.key]
    positions = pc.sort_indices(typed.select(order).take(kept), sort_keys=[(name, "ascending") for name in order])
    rows = kept[positions.to_numpy()]
    good = typed if np.array_equal(rows, np.arange(typed.num_rows)) else typed.take(rows)
    return pa.table(good.combine_chunks().columns, schema=contract.schema)


def _quarantined(raw: pa.Table, rows: Ints, breaks: dict[str, Mask]) -> pa.Table:
    picked = raw.take(rows)
    columns = {name: as_text(picked[name]) for name in raw.column_names if name not in PLACES}
    columns[FILE] = as_text(picked[FILE]) if FILE in raw.column_names else pa.nulls(len(rows), pa.string())
    columns[ROW] = picked[ROW].cast(pa.int64()) if ROW in raw.column_names else pa.array(rows + 1, pa.int64())
    columns[REASONS] = _joined(rows, breaks)
    return pa.table(columns)


def _joined(rows: Ints, breaks: dict[str, Mask]) -> Arrow:
    """Join each row's reasons; rows that break the same rules are written once, however many they are."""
    if not len(rows):
        return pa.array([], pa.string())
    bits = np.packbits(np.stack([mask[rows] for mask in breaks.values()], axis=1), axis=1)
    patterns, which = np.unique(bits, axis=0, return_inverse=True)
    names = list(breaks)
    texts = ["; ".join(_named(names, pattern)) for pattern in patterns]
    return pa.array(texts, pa.string()).take(which.reshape(-1))


def _named(names: list[str], pattern: "np.ndarray[tuple[int], np.dtype[np.uint8]]") -> Iterator[str]:
    flags = np.unpackbits(pattern, count=len(names))
    return (name for name, flag in zip(names, flags, strict=True) if flag)


def _files(raw: pa.Table) -> str:
    if FILE not in raw.column_names or not raw.num_rows:
        return "the table of leads"
    names = pc.unique(raw[FILE]).to_pylist()
    shown = ", ".join(str(name) for name in names[:3])
    return f"{shown} and {len(names) - 3} more files" if len(names) > 3 else shown


def _counted(noun: str, names: list[str]) -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names)}"
