"""Roles: which of a user's columns is the key, the creation time, the label and the outcome.

A column that the user names must fit its role. Otherwise its name is known and it fits, or it is the one column that
can play the role; each guess is one sentence, and what cannot be guessed is asked for.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import TypeAdapter, ValidationError

from leadscore_assets.domain.casting import Floats, read_booleans
from leadscore_assets.domain.contract import Name
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.moments import Moments, read_moments
from leadscore_assets.domain.raw_column import RawColumn, is_whole
from leadscore_assets.domain.texts import as_text

Raw = Mapping[str, RawColumn]
Misfit = Callable[[RawColumn], str]

SCORES = (1, 5)
UNSPEAKABLE = "a contract cannot spell its name; start with a letter and use letters, digits, spaces, _, . and -"
_NAME = TypeAdapter(Name)
_MOSTLY = 0.9
_MANY_SCORES = 101
_KEYS = (
    *("leadid", "leaduuid", "leadkey", "id", "uuid", "guid", "key"),
    *("recordid", "prospectid", "opportunityid", "contactid", "customerid"),
)
_TIMES = (
    *("createdat", "created", "createdon", "createddate", "createdate", "createdtime", "creationdate", "leadcreatedat"),
    *("timestamp", "datetime", "submittedat", "receivedat", "bookingdate", "date", "time"),
)
_LABELS = ("leadscore", "score", "label", "rating", "grade", "target")
_OUTCOMES = (
    *("converted", "conversion", "isconverted", "hasconverted", "won", "iswon"),
    *("sold", "purchased", "subscribed", "outcome", "success"),
)


@dataclass(frozen=True)
class Roles:
    """The columns that play a role, what they hold, and the guesses and warnings behind them.

    `label` (n,) is NaN where not known; `outcome_name` is None where no column says whether a lead converted.
    """

    key_name: str
    time_name: str
    label_name: str
    outcome_name: str | None
    times: Moments
    label: Floats
    guesses: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        """The columns that play a role, and so are no features."""
        return {name for name in (self.key_name, self.time_name, self.label_name, self.outcome_name) if name}


def find_roles(columns: Raw, *, label: str | None, outcome: str | None, time: str | None, key: str | None) -> Roles:
    """Find the four roles; raise InvalidInput naming the column, what is wrong with it and the option to give."""
    given = {name for name in (key, time, label, outcome) if name is not None}
    free = {name: column for name, column in columns.items() if name not in given}
    key_name = _named(columns, key, _KEY) or _known(free, _KEY) or _only_key(free)
    time_name = _named(columns, time, _TIME) or _known(free, _TIME) or _only_time(free)
    label_name = _named(columns, label, _LABEL) or _known(free, _LABEL) or _only_label(free)
    outcome_name = _named(columns, outcome, _OUTCOME) or _known(free, _OUTCOME)
    named = {"--key": key_name, "--time": time_name, "--label": label_name, "--outcome": outcome_name}
    _check_names(named)
    scores = columns[label_name].values
    return Roles(
        key_name,
        time_name,
        label_name,
        outcome_name,
        read_moments(columns[time_name].raw),
        scores,
        tuple(_sentences(named, given, scores)),
        tuple(_warnings(columns, named, scores)),
    )


def label_range(scores: Floats) -> tuple[int, int]:
    """Return the label's range: 1 to 5 where the scores lie in it, else from the lowest to the highest seen."""
    low, high = int(np.nanmin(scores)), int(np.nanmax(scores))
    inside = low >= SCORES[0] and high <= SCORES[1]
    return SCORES if inside else (low, high)


def plain_name(name: str) -> str:
    """Return a column's name in lower case without separators, so that LeadScore and lead_score are one name."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def can_be_spelt(name: str) -> bool:
    """Tell whether a contract takes a column's name."""
    try:
        _NAME.validate_python(name)
    except ValidationError:
        return False
    return True


def repeats(column: RawColumn) -> int:
    """Return how many rows repeat a value that stands in another row."""
    known = int((~column.missing).sum())
    return known - int(pc.count_distinct(as_text(column.raw).filter(pa.array(~column.missing))).as_py())


def _named(columns: Raw, name: str | None, role: "_Role") -> str | None:
    if name is None:
        return None
    if name not in columns:
        raise InvalidInput(f"{role.option} {name}: there is no such column; name one of {', '.join(columns)}")
    problem = role.misfit(columns[name])
    if problem:
        raise InvalidInput(f"{role.option} {name}: {problem}; name another column as the {role.name}")
    return name


def _known(columns: Raw, role: "_Role") -> str | None:
    by_name = sorted((role.names.index(plain_name(name)), name) for name in columns if plain_name(name) in role.names)
    return next((name for _, name in by_name if not role.misfit(columns[name])), None)


def _only_key(columns: Raw) -> str:
    unique = [name for name, column in columns.items() if not column.missing.any() and not repeats(column)]
    plain = [name for name in unique if columns[name].kind in ("categorical", "integer")]
    if not plain:
        raise InvalidInput(f"no column identifies a lead; name one with --key, one of {', '.join(columns)}")
    return plain[0]


def _only_time(columns: Raw) -> str:
    moments = [name for name, column in columns.items() if column.kind == "timestamp" and not _not_a_time(column)]
    if len(moments) == 1:
        return moments[0]
    found = f"one of {', '.join(moments)}" if moments else f"one of {', '.join(columns)}"
    several = "several columns hold dates" if moments else "no column holds dates"
    shape = "" if moments else " (write dates as 2026-06-13 or 2026-06-13T09:30:00Z)"
    raise InvalidInput(f"{several} and none is named created_at{shape}; name the creation time with --time, {found}")


def _only_label(columns: Raw) -> str:
    whole = [name for name, column in columns.items() if column.kind == "integer" and not _not_a_label(column)]
    scores = [name for name in whole if set(np.unique(columns[name].values[columns[name].known])) == {1, 2, 3, 4, 5}]
    if len(scores) == 1:
        return scores[0]
    likely = scores or [name for name in whole if columns[name].distinct <= 20] or list(columns)
    raise InvalidInput(
        "no column is named lead_score, score or label with whole numbers in it; name the score to learn with --label, "
        f"for example --label {likely[0]} (columns that could be it: {', '.join(likely)})"
    )


def _not_a_key(column: RawColumn) -> str:
    if column.kind is None:
        return "it holds no value that could identify a lead"
    missing, rows = int(column.missing.sum()), len(column.missing)
    if missing > (1 - _MOSTLY) * rows:
        return f"{missing:,} of {rows:,} rows have no value in it"
    again = repeats(column)
    return f"{again:,} of {rows:,} rows repeat another row's value" if again > (1 - _MOSTLY) * rows else ""


def _not_a_time(column: RawColumn) -> str:
    if column.kind is None:
        return "it holds no date"
    moments = read_moments(column.raw)
    rows = len(column.missing)
    bad = rows - int(moments.known.sum())
    return f"{bad:,} of {rows:,} rows hold no date in it" if bad > (1 - _MOSTLY) * rows else ""


def _not_a_label(column: RawColumn) -> str:
    if column.kind not in ("integer", "numeric"):
        return f"it holds {_held(column)}, and a score is a whole number"
    known = column.values[column.known]
    if not is_whole(known):
        odd = known[known != np.floor(known)][0]
        return f"it holds {odd:g}, and a score is a whole number"
    return f"it holds nothing but {known[0]:g}" if np.unique(known).size < 2 else ""


def _not_an_outcome(column: RawColumn) -> str:
    if column.kind is None:
        return "it holds no value"
    unreadable = read_booleans(column.raw).unreadable
    if unreadable.any():
        return (
            f"it holds {column.raw[int(np.argmax(unreadable))].as_py()!r}, and an outcome is true or false, or 1 or 0"
        )
    return ""


def _held(column: RawColumn) -> str:
    return {"boolean": "true and false", "timestamp": "dates", "categorical": "texts"}.get(f"{column.kind}", "nothing")


def _check_names(named: Mapping[str, str | None]) -> None:
    for option, name in named.items():
        twin = next((other for other, taken in named.items() if other != option and name and taken == name), None)
        if twin:
            raise InvalidInput(f"{name} cannot be both {option} and {twin}; name another column for one of them")
        if name and not can_be_spelt(name):
            raise InvalidInput(f"{option} {name}: {UNSPEAKABLE}; rename the column in the data")


def _sentences(named: Mapping[str, str | None], given: set[str], scores: Floats) -> list[str]:
    rows = len(scores)
    texts = {
        "--key": f"{named['--key']} identifies a lead ({rows:,} rows)",
        "--time": f"{named['--time']} is when a lead was created",
        "--label": f"{named['--label']} is the score to learn, from {np.nanmin(scores):.0f} to {np.nanmax(scores):.0f}",
        "--outcome": f"{named['--outcome']} says whether a lead converted",
    }
    if named["--outcome"] is None:
        texts["--outcome"] = (
            "no column says whether a lead converted: scores are learnt without calibration to an outcome"
        )
    return [f"{text} (else name it with {option})" for option, text in texts.items() if named[option] not in given]


def _warnings(columns: Raw, named: Mapping[str, str | None], scores: Floats) -> list[str]:
    found, key, time = [], columns[named["--key"] or ""], columns[named["--time"] or ""]
    nameless = int(key.missing.sum())
    again, undated = repeats(key), len(time.missing) - int(read_moments(time.raw).known.sum())
    if again:
        found.append(f"{key.name}: {again:,} rows repeat another row's value; of each the newest row counts")
    if nameless:
        found.append(f"{key.name}: {nameless:,} rows have no value in it and are set aside")
    if undated:
        found.append(f"{time.name}: {undated:,} rows hold no date in it and are set aside")
    low, high = label_range(scores)
    if (low, high) != SCORES:
        found.append(
            f"{named['--label']} runs from {low} to {high}, not from 1 to 5; the contract's label range says so"
        )
    if high - low >= _MANY_SCORES:
        found.append(f"{named['--label']} has {high - low + 1:,} possible scores; is it the score, or an amount?")
    return found


@dataclass(frozen=True)
class _Role:
    """A role: its name, the option that names its column, the names it goes by, and what a column lacks for it."""

    name: str
    option: str
    names: tuple[str, ...]
    misfit: Misfit


_KEY = _Role("key", "--key", _KEYS, _not_a_key)
_TIME = _Role("creation time", "--time", _TIMES, _not_a_time)
_LABEL = _Role("label", "--label", _LABELS, _not_a_label)
_OUTCOME = _Role("outcome", "--outcome", _OUTCOMES, _not_an_outcome)
