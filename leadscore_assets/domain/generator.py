"""The generator: weeks of leads that look real and whose truth is known, fixed by a seed, a day at a time.

A day depends on the seed, the day and the events alone, never on which days were generated before it; the same call
gives the same bytes. Two contracts can be generated: the built-in one and the small demo one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadscore_assets.domain.calendar import week_days
from leadscore_assets.domain.contract import Contract, Feature, default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.events import Event, check_events, events_on, lost, shift, spoil, turn_of
from leadscore_assets.domain.population import population
from leadscore_assets.domain.truth import Worth, worth

Preset = Literal["b2b", "small"]
Array = NDArray[Any]
Floats = NDArray[np.float64]

VERSION = 1
MISSING_SHARE = 0.05
OUTLIER_SHARE = 0.02
FEWEST, MOST = 800, 1300
SMALL_ROWS, SMALL_WEEKS = 10_000, 8
_WEEKDAY_LEADS = (1160, 1185, 1175, 1150, 1090, 900, 880)
_SEASON, _CHANCE = 0.06, 0.012
_SMALL_WEEKDAY_LEADS = (200, 205, 205, 200, 190, 130, 120)
_OUTLIER_REACH = (6.5, 20.0)
_PEOPLE, _WORTH, _MISSING, _OUTLIERS, _SHIFTS, _LOSSES, _VOLUME = range(7)
_SMALL_NAME = "small_leads"
_SMALL_FEATURES = (
    "industry",
    "company_size",
    "job_level",
    "pricing_views",
    "days_since_visit",
    "trial_days",
    "email_click_rate",
    "meetings",
    "response_hours",
    "source",
)


def small_contract() -> Contract:
    """Return the demo's contract: ten of the built-in features; its leads are 10,000 rows in eight weeks."""
    whole = default_contract()
    content = {**dict(whole), "name": _SMALL_NAME, "features": tuple(whole.by_name[name] for name in _SMALL_FEATURES)}
    derived = tuple(extra for extra in whole.derived if extra.of == (whole.created_at,))
    return Contract(**{**content, "derived": derived})


def small_policy() -> dict[str, Any]:
    """Return what the demo's policy overrides: 1,250 leads come a week, so a training waits for two weeks of them."""
    return {
        "name": _SMALL_NAME,
        "window": {"minimum_rows": 2500, "minimum_test_rows": 250, "minimum_validation_rows": 125},
    }


def preset_contract(preset: Preset) -> Contract:
    """Return the contract that a preset's leads follow."""
    return small_contract() if preset == "small" else default_contract()


def leads_on(day: date, *, contract: Contract, seed: int) -> int:
    """Return how many leads come on a day: 800 to 1,300, fewer at weekends, with a wave over the year.

    The small contract's leads are the same number every week, so that eight weeks hold exactly 10,000.
    """
    if contract.name == _SMALL_NAME:
        return _SMALL_WEEKDAY_LEADS[day.weekday()]
    wave = 1 + _SEASON * np.cos(2 * np.pi * (day.timetuple().tm_yday - 75) / 182.6)
    chance = 1 + _CHANCE * _stream(seed, day, _VOLUME).standard_normal()
    return int(np.clip(_WEEKDAY_LEADS[day.weekday()] * wave * chance, FEWEST, MOST))


def generate_day(day: date, *, contract: Contract, seed: int, events: Sequence[Event] = ()) -> pa.Table:
    """Generate a day's leads in the contract's schema, oldest first.

    5 % of the values are missing where the contract allows it and 2 % of the numbers are outliers, all inside the hard
    limits; only events break the contract. Raises InvalidInput for a contract or an event that cannot be generated.
    """
    drawn = _draw(day, contract, seed, events)
    columns = _with_outliers(drawn.columns, contract, _stream(seed, day, _OUTLIERS))
    columns = spoil(columns, drawn.events, contract)
    absent = _absent(columns, contract, drawn.events, seed, day)
    keys = pa.array([f"L{day:%Y%m%d}-{number:06d}" for number in range(1, drawn.rows + 1)])
    arrays = [keys, _moments(columns[contract.created_at], None)]
    arrays += [_arrow(columns[feature.name], feature, absent.get(feature.name)) for feature in contract.features]
    arrays += [pa.array(drawn.worth.score, pa.int64()), pa.array(drawn.worth.converted)]
    return pa.Table.from_arrays(arrays, schema=contract.schema)


def generate_week(week: date, *, contract: Contract, seed: int, events: Sequence[Event] = ()) -> pa.Table:
    """Generate the seven days of a week (about 7,500 leads) as one table, oldest first."""
    days = [generate_day(day, contract=contract, seed=seed, events=events) for day in week_days(week)]
    return pa.concat_tables(days).combine_chunks()


def truth(day: date, *, contract: Contract, seed: int, events: Sequence[Event] = ()) -> Floats:
    """Return the expected score (1 to 5) of each of a day's leads, in their order: the best any model could say."""
    return _draw(day, contract, seed, events).worth.expected


@dataclass(frozen=True)
class _Drawn:
    rows: int
    columns: dict[str, Array]
    worth: Worth
    events: tuple[Event, ...]


def _draw(day: date, contract: Contract, seed: int, events: Sequence[Event]) -> _Drawn:
    rows, holding = leads_on(day, contract=contract, seed=seed), events_on(day, events)
    check_events(events, contract)
    columns = population(day, rows, _stream(seed, day, _PEOPLE))
    _check_contract(contract, columns)
    columns = shift(columns, holding, contract, (seed, day.toordinal(), _SHIFTS))
    judged = worth(columns, contract.names, turn=turn_of(holding), generator=_stream(seed, day, _WORTH))
    return _Drawn(rows, columns, judged, holding)


def _check_contract(contract: Contract, columns: dict[str, Array]) -> None:
    unknown = [name for name in (contract.created_at, *contract.names) if name not in columns]
    if unknown or contract.outcome is None:
        wrong = f"the columns {', '.join(unknown)}" if unknown else "leads without an outcome"
        raise InvalidInput(
            f"the generator cannot make {wrong} of contract {contract.name}; generate with the built-in contract or "
            'name your own data as the source, [source] kind = "files"'
        )


def _stream(seed: int, day: date, purpose: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence([seed, day.toordinal(), purpose]))


def _with_outliers(columns: dict[str, Array], contract: Contract, generator: np.random.Generator) -> dict[str, Array]:
    """Put 2 % of each number far above the day's upper quartile, where its range leaves room for an outlier at all."""
    noisy = dict(columns)
    for feature in contract.features:
        if feature.kind not in ("numeric", "integer"):
            continue
        values = columns[feature.name]
        chosen, reach = generator.random(values.size) < OUTLIER_SHARE, generator.uniform(*_OUTLIER_REACH, values.size)
        low, high = np.quantile(values, (0.25, 0.75))
        spread = max(high - low, values.std())
        if feature.maximum is None or high + _OUTLIER_REACH[1] * spread < feature.maximum:
            noisy[feature.name] = np.where(chosen, _like(high + reach * spread, feature), values)
    return noisy


def _like(values: Floats, feature: Feature) -> Floats:
    return np.rint(values) if feature.kind == "integer" else np.round(values, 4)


def _absent(
    columns: dict[str, Array], contract: Contract, events: Sequence[Event], seed: int, day: date
) -> dict[str, NDArray[np.bool_]]:
    rows = columns[contract.created_at].size
    draws = _stream(seed, day, _MISSING).random((len(contract.features), rows))
    masks = {
        feature.name: (draws[i] < MISSING_SHARE)
        | (columns[feature.name] < 0 if feature.kind == "categorical" else False)
        for i, feature in enumerate(contract.features)
        if feature.missing
    }
    for name, gone in lost(events, rows, (seed, day.toordinal(), _LOSSES)).items():
        masks[name] = masks.get(name, np.zeros(rows, dtype=bool)) | gone
    return masks


def _arrow(values: Array, feature: Feature, absent: NDArray[np.bool_] | None) -> "pa.Array[Any]":
    if feature.kind == "timestamp":
        return _moments(values, absent)
    if feature.kind == "categorical":
        known = np.where(values < 0, 0, values)
        codes: Any = pa.array(known.astype(np.int32), mask=absent)
        return pa.DictionaryArray.from_arrays(codes, list(feature.levels)).cast(pa.string())
    return _ARRAYS[feature.kind](values, absent)


def _moments(seconds: Array, absent: NDArray[np.bool_] | None) -> "pa.Array[Any]":
    micros = (seconds * 1e6).astype(np.int64).astype("datetime64[us]")
    return pa.array(micros, type=pa.timestamp("us"), mask=absent).cast(pa.timestamp("us", tz="UTC"))


_ARRAYS: "dict[str, Callable[[Array, NDArray[np.bool_] | None], pa.Array[Any]]]" = {
    "numeric": lambda values, absent: pa.array(values.astype(np.float64), mask=absent),
    "integer": lambda values, absent: pa.array(values.astype(np.int64), mask=absent),
    "boolean": lambda values, absent: pa.array(values.astype(bool), mask=absent),
}
