"""Suspicion: what speaks against a raw column as a feature, from its name and its values alone.

A column is left out when it cannot help (ids, constants, free text) or cannot be spelt in a contract. A name that
sounds after the fact is only a reason to look; what knows the answer is found by leakage.py.
"""

import re

import numpy as np

from leadscore_assets.domain.raw_column import RawColumn
from leadscore_assets.domain.roles import UNSPEAKABLE, can_be_spelt

FREE_TEXT_LENGTH = 60
_OWN_VALUE = 0.5
_FEW = 20
_ID_ENDINGS = frozenset(("id", "uuid", "guid", "code", "sku", "zip", "zipcode", "postcode"))
_THINGS = frozenset(
    ("account", "agent", "branch", "company", "owner", "partner", "product", "rep", "store", "team", "user", "vendor")
)
_AFTER_WORDS = frozenset(
    (
        *("closed", "won", "lost", "churn", "churned", "cancelled", "canceled", "refund", "refunded", "converted"),
        *(
            "conversion",
            "deal",
            "invoice",
            "invoiced",
            "paid",
            "signed",
            "result",
            "outcome",
            "status",
            "stage",
            "final",
        ),
        *("duration", "updated", "modified"),
    )
)
_BEFORE_WORDS = frozenset(("previous", "prior", "past", "prev", "last"))


def names_things(name: str) -> bool:
    """Tell whether a column's name says that its whole numbers name things: an agent, a company, a code."""
    words = _words(name)
    return bool(words) and (words[-1] in _ID_ENDINGS or (len(words) == 1 and words[0] in _THINGS))


def sounds_after_the_fact(name: str) -> bool:
    """Tell whether a column's name sounds like something that is known only after the outcome."""
    words = _words(name)
    return bool(set(words) & _AFTER_WORDS) and not set(words) & _BEFORE_WORDS


def why_left_out(column: RawColumn) -> str:
    """Return why a column is no feature, empty where nothing speaks against it."""
    for doubt in (_unusable, _constant, _own_value):
        why = doubt(column)
        if why:
            return why
    return ""


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]


def _unusable(column: RawColumn) -> str:
    if not can_be_spelt(column.name):
        return UNSPEAKABLE
    if column.missing.all():
        return "no row has a value"
    return "its values are lists or records" if column.kind is None else ""


def _constant(column: RawColumn) -> str:
    if column.distinct > 1:
        return ""
    value = column.levels[0] if column.levels else f"{column.values[column.known][0]:g}"
    return f"constant: every value is {value}"


def _own_value(column: RawColumn) -> str:
    rows = int(column.known.sum())
    many = column.distinct > max(_FEW, _OWN_VALUE * rows)
    counted = f"{column.distinct:,} different values in {rows:,} rows"
    if column.kind == "categorical":
        length = float(np.mean([len(level) for level in column.levels]))
        if length > FREE_TEXT_LENGTH:
            return f"free text: {length:.0f} characters on average"
        return f"an id or free text: {counted}" if many else ""
    running = column.distinct == rows and bool((np.diff(column.values[column.known]) == 1).all())
    return f"a running number: {counted}" if column.kind == "integer" and many and running else ""
