"""Drafting: a contract and a policy proposed from a user's own leads, with every guess in words.

The draft is a beginning that works with no code: what it guessed, left out and doubts is said, so that a person can
correct the contract's file instead of writing it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.drafted_features import DraftedFeature, as_seen, drafted_feature, drafted_times
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.leakage import leaks
from leadscore_assets.domain.moments import DAY_US, day_of
from leadscore_assets.domain.policy import LeakagePolicy, policy_from
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.raw_column import RawColumn, read_column
from leadscore_assets.domain.roles import SCORES, Roles, find_roles, label_range
from leadscore_assets.domain.suspicion import sounds_after_the_fact, why_left_out
from leadscore_assets.domain.validation import FILE, ROW, validate_week
from leadscore_assets.domain.window_proposal import propose_window

_PLACES = "__"
_USUAL_HORIZON = 14
_LEAKS = {
    "spearman": "suspected leakage: it alone ranks leads as {target} does (Spearman {value:.3f})",
    "auc": "suspected leakage: it alone tells {target} (AUC {value:.3f})",
    "missing": "suspected leakage: whether it is known alone tells {target} (AUC {value:.3f})",
    "equal": "suspected leakage: it is a copy of {target}",
    "later": "suspected leakage: it is later than {target} in {value:.0%} of rows",
}


@dataclass(frozen=True)
class LeftOut:
    """A column that is no feature, and why."""

    column: str
    why: str


@dataclass(frozen=True)
class Draft:
    """A proposed home: contract, what its policy overrides, the first week, and what a person should look at.

    `guesses` say what was assumed, `left_out` which columns are no features, `warnings` what may be wrong in the data.
    """

    contract: Contract
    policy: dict[str, Any]
    start_week: date
    guesses: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[str, ...]


def draft(
    table: pa.Table,
    *,
    label: str | None,
    outcome: str | None,
    time: str | None,
    key: str | None,
    horizon_days: int | None,
) -> Draft:
    """Draft contract and policy from a table of raw leads, typed or all texts; columns that start with __ are skipped.

    Raises InvalidInput naming the column and the option to give where a role cannot be found, where a named column does
    not fit its role, and where nothing is left to learn from.
    """
    _check_table(table)
    columns = {name: read_column(name, table[name]) for name in table.column_names if not name.startswith(_PLACES)}
    roles = find_roles(columns, label=label, outcome=outcome, time=time, key=key)
    rest = [column for name, column in columns.items() if name not in roles.names]
    horizon = _USUAL_HORIZON if horizon_days is None else horizon_days
    doubts = {column.name: why_left_out(as_seen(column)) for column in rest}
    features = [drafted_feature(column, roles) for column in rest if not doubts[column.name]]
    if features:
        doubts |= _leaks(table, _contract(roles, features, horizon))
    left_out = tuple(LeftOut(name, why) for name, why in doubts.items() if why)
    features = [item for item in features if not doubts[item.feature.name]]
    if not features:
        reasons = "; ".join(f"{item.column}: {item.why}" for item in left_out) or "there are no other columns"
        raise InvalidInput(f"no column is left to learn from ({reasons}); add columns that are known when a lead comes")
    contract = _contract(roles, features, horizon)
    window, why_window = propose_window(_labelled_rows(roles))
    policy = {"name": "drafted", "window": window, **_threshold(contract)}
    policy_from(policy)
    guessed = [*roles.guesses, *_horizon_guess(contract, horizon_days), *_feature_guesses(features), *why_window]
    kept = {item.feature.name for item in features}
    warnings = [*roles.warnings, *_warnings([column for column in rest if column.name in kept])]
    return Draft(contract, policy, _start_week(roles), tuple(guessed), left_out, tuple(warnings))


def _check_table(table: pa.Table) -> None:
    if not table.num_rows:
        raise InvalidInput("the data hold no row; name a file with leads in it, --data FILE")
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise InvalidInput(f"the data have more than one column named {', '.join(twice)}; rename or remove the others")


def _contract(roles: Roles, features: Sequence[DraftedFeature], horizon_days: int) -> Contract:
    low, high = label_range(roles.label)
    drafted = tuple(item.feature for item in features)
    names = {feature.name for feature in drafted} | roles.names
    return Contract(
        key=roles.key_name,
        created_at=roles.time_name,
        label=roles.label_name,
        label_minimum=low,
        label_maximum=high,
        outcome=roles.outcome_name,
        horizon_days=horizon_days,
        features=drafted,
        derived=drafted_times(roles, names),
    )


def _threshold(contract: Contract) -> dict[str, Any]:
    """Put the score that counts as positive at the same share of the label's range as the default has it in 1 to 5."""
    low, high = contract.label_minimum, contract.label_maximum
    share = (PromotionPolicy().score_threshold - SCORES[0]) / (SCORES[1] - SCORES[0])
    return {} if (low, high) == SCORES else {"promotion": {"score_threshold": round(low + share * (high - low), 2)}}


def _leaks(table: pa.Table, contract: Contract) -> dict[str, str]:
    """Say by column what knows the answer, by the rule that judges every training later."""
    rows = table.num_rows
    raw = table.select(contract.schema.names)
    raw = raw.append_column(FILE, pa.nulls(rows, pa.string())).append_column(ROW, pa.array(np.arange(rows)))
    found = leaks(validate_week(raw, contract).good, contract, LeakagePolicy())
    return {leak.feature: _LEAKS[leak.measure].format(target=leak.target, value=leak.value) for leak in found}


def _start_week(roles: Roles) -> date:
    return week_of(day_of(int(roles.times.us[roles.times.known].min() // DAY_US)))


def _labelled_rows(roles: Roles) -> dict[date, int]:
    """Count labelled rows a day."""
    labelled = roles.times.known & ~np.isnan(roles.label)
    if not labelled.any():
        raise InvalidInput(
            f"no row has both {roles.time_name} and {roles.label_name}; name other columns with --time and --label"
        )
    days, counts = np.unique(roles.times.us[labelled] // DAY_US, return_counts=True)
    return {day_of(int(day)): int(count) for day, count in zip(days, counts, strict=True)}


def _horizon_guess(contract: Contract, given: int | None) -> list[str]:
    if given is not None:
        return []
    return [f"an outcome is known after {contract.horizon_days} days (else say it with --horizon)"]


def _feature_guesses(features: Sequence[DraftedFeature]) -> list[str]:
    named = [item.feature.name for item in features if item.names_things]
    gone = [item.feature.name for item in features if item.feature.missing == 1]
    always = [item.feature.name for item in features if item.feature.missing == 0]
    floors = [item.feature.name for item in features if item.feature.minimum is not None]
    long = [item.feature.name for item in features if item.feature.open_levels and not item.feature.levels]
    texts = [
        (named, "whole numbers that name things, so categories"),
        (long, "too many levels to list in the contract; all are accepted"),
        (gone, "missing in most of a week's rows at times, so allowed to be missing altogether"),
        (always, "never missing, so a lead without it is set aside (missing = 0)"),
        (floors, "never below 0, so a lead below it is set aside (minimum = 0); nothing has an upper limit"),
    ]
    return [f"{_listed(names)}: {text}" for names, text in texts if names]


def _listed(names: Sequence[str], *, limit: int = 6) -> str:
    more = [f"and {len(names) - limit} more"] if len(names) > limit else []
    return ", ".join([*names[:limit], *more])


def _warnings(columns: Sequence[RawColumn]) -> list[str]:
    after = [column.name for column in columns if sounds_after_the_fact(column.name)]
    found = [f"{name} sounds as if it were known only after the outcome; if so, take it out" for name in after]
    for column in columns:
        odd = int(column.unreadable.sum())
        if odd:
            what = f"{odd:,} values are not {column.kind}, such as {column.example!r}"
            found.append(f"{column.name}: {what}; their rows are set aside")
    return found
