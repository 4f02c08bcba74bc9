"""Suspicion: what speaks against learning from a raw column before anything is trained.

A column is left out when it cannot help (ids, constants, free text), when it cannot be spelt in a contract, or when it
knows the answer too well to have been known before it. A name that sounds after the fact is only a reason to look.
"""

import re

import numpy as np

from leadscore_assets.domain.casting import Floats
from leadscore_assets.domain.metrics import auc, spearman
from leadscore_assets.domain.policy import LeakagePolicy
from leadscore_assets.domain.raw_column import RawColumn
from leadscore_assets.domain.roles import UNSPEAKABLE, Roles, can_be_spelt

FREE_TEXT_LENGTH = 60
_OWN_VALUE = 0.5
_FEW = 20
_STAMPED_AFTER = 0.01
_MOST_ROWS = 20_000
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


def why_left_out(column: RawColumn, roles: Roles) -> str:
    """Return why a column is no feature, empty where nothing speaks against it."""
    for doubt in (_unusable, _constant, _own_value, _stamped_after, _decisive):
        why = doubt(column, roles)
        if why:
            return why
    return ""


def _words(name: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]


def _unusable(column: RawColumn, _: Roles) -> str:
    if not can_be_spelt(column.name):
        return UNSPEAKABLE
    if column.missing.all():
        return "no row has a value"
    return "its values are lists or records" if column.kind is None else ""


def _constant(column: RawColumn, _: Roles) -> str:
    if column.distinct > 1:
        return ""
    value = column.levels[0] if column.levels else f"{column.values[column.known][0]:g}"
    return f"constant: every value is {value}"


def _own_value(column: RawColumn, _: Roles) -> str:
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


def _stamped_after(column: RawColumn, roles: Roles) -> str:
    if column.kind != "timestamp":
        return ""
    both = column.known & roles.times.known
    late = column.values[both] * 1e6 > roles.times.us[both]
    share = float(late.mean()) if late.size else 0.0
    if share <= _STAMPED_AFTER:
        return ""
    return f"stamped after {roles.time_name} in {share:.0%} of its rows: not known when a lead is scored"


def _decisive(column: RawColumn, roles: Roles) -> str:
    limits = LeakagePolicy()
    found = _strength(column, roles.label, limits.minimum_rows)
    if found is not None:
        rank = spearman(*found)
        if rank is not None and abs(rank) > limits.maximum_spearman:
            return f"suspected leakage: it alone decides {roles.label_name} (Spearman {rank:+.3f})"
    if roles.outcome is None:
        return ""
    found = _strength(column, roles.outcome, limits.minimum_rows)
    area = auc(*found) if found is not None else None
    if area is not None and max(area, 1 - area) > limits.maximum_auc:
        return f"suspected leakage: it alone decides {roles.outcome_name} (AUC {max(area, 1 - area):.3f})"
    return ""


def _strength(column: RawColumn, answer: Floats, least: int) -> tuple[Floats, Floats] | None:
    """Return one number a row and the answer, where both are known; levels count as the mean answer of other rows."""
    values = column.values
    if column.kind == "categorical" or column.missing.mean() > 0.5:
        values = _mean_answers(column, answer)
    both = np.flatnonzero(~np.isnan(values) & ~np.isnan(answer))
    both = both[:: max(1, both.size // _MOST_ROWS)]
    return (values[both], answer[both]) if both.size >= least else None


def _mean_answers(column: RawColumn, answer: Floats) -> Floats:
    """Encode every second row by the mean answer of its level (or of having a value) among the rows between them."""
    codes = column.values if column.kind == "categorical" else np.where(column.known, 0.0, np.nan)
    size = max(1, len(column.levels)) + 1
    places = np.where(np.isnan(codes), size - 1, codes).astype(np.int64)
    learnt = (np.arange(answer.size) % 2 == 0) & ~np.isnan(answer)
    counts = np.bincount(places[learnt], minlength=size)
    sums = np.bincount(places[learnt], weights=answer[learnt], minlength=size)
    middle = float(answer[learnt].mean()) if learnt.any() else np.nan
    means = np.where(counts > 0, sums / np.maximum(counts, 1), middle)
    encoded: Floats = np.where(np.arange(answer.size) % 2 == 1, means[places], np.nan)
    return encoded
