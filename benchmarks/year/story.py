"""The year's story: what was planted, in which week, and what a good platform does about it.

A quarter of the rows of the built-in generator's small contract come with known truth: the best score that any model
could give to each lead. Weeks are numbered from 0; week n begins on `week_of(n)`.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa

from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.events import Event
from leadscore_assets.domain.generator import generate_week, small_contract

START = date(2025, 1, 6)
WEEKS = 52
SEED = 20_250_106
# By the week's number.
BETTER, CONCEPT, BROKEN, OUTAGE, SHIFT, EMPTY, LATE, WORSE = 10, 16, 22, 27, 31, 36, 40, 46
LATE_WEEKS, WORSE_WEEKS = 3, 5


@dataclass(frozen=True)
class Planted:
    """One thing that happens to the platform, and what is expected of it."""

    week: int
    name: str
    happens: str
    expected: str


STORY = (
    Planted(BETTER, "a better model", "The policy trains 80 rounds instead of 4.", "promoted"),
    Planted(CONCEPT, "first drift", "Other things make a lead good.", "a better model once labels show it"),
    Planted(BROKEN, "broken upstream", "An upstream job writes hours as milliseconds.", "set aside, told, mended"),
    Planted(OUTAGE, "outage", "The machine is off for nine days.", "found, caught up, nothing lost or done twice"),
    Planted(SHIFT, "second drift", "Leads visit the pricing page far more often.", "alarm, told, retrained"),
    Planted(EMPTY, "no data", "No lead comes for a week.", "nothing breaks, nothing is made up"),
    Planted(LATE, "late labels", "Scores and outcomes come three weeks late.", "waited for, reported again"),
    Planted(WORSE, "a worse model", "Somebody's policy trains 2 rounds of stumps for five weeks.", "refused"),
)
EVENTS = (
    Event(kind="concept", start=START + WEEK * CONCEPT, size=0.6),
    Event(kind="shift", start=START + WEEK * SHIFT, feature="pricing_views", size=1.5),
)
_BREAK = Event(kind="unit", start=START + WEEK * BROKEN, feature="response_hours", size=6)
GOOD_TRAINING = {"rounds": 80, "max_depth": 4, "learning_rate": 0.1}
FIRST_TRAINING = {**GOOD_TRAINING, "rounds": 4}
BAD_TRAINING = {**GOOD_TRAINING, "rounds": 2, "max_depth": 1}


def week_of(number: int) -> date:
    """Return the Monday of a week of the year."""
    return START + WEEK * number


@cache
def contract() -> Contract:
    """Return the contract of the year's leads."""
    return small_contract()


def policy() -> dict[str, Any]:
    """Return what the year's policy sets: little data, one learner, a canary of a fifth, two days of looks a week."""
    return {
        "name": "year",
        "window": {
            "days": 28,
            "test_days": 7,
            "validation_days": 3,
            "minimum_rows": 4000,
            "minimum_test_rows": 1000,
            "minimum_validation_rows": 300,
        },
        "training": {"threads": 1, "learners": ["xgboost"], "early_stopping_rounds": 80, **FIRST_TRAINING},
        "drift": {"evidently_page": False},
        "release": {
            "strategy": "canary",
            "steps": [{"name": "fifth", "weight": 0.2, "minimum_hours": 24, "guards": ["errors", "invalid_outputs"]}],
            "longest_gap_minutes": 1440,
            "minimum_requests": 40,
            "errors": 0.2,
            "latency_worse": 10.0,
            "latency_ms": 60_000.0,
            "next_candidate": "wait",
        },
        # Weekly for a quarter, then monthly, and what drift, age and realised performance ask for; the rows of one
        # week are no news here.
        "retraining": {"when": "phases", "volume_rows": 10_000, "merge_hours": 72},
        "retention": {"runs_days": 800, "notices_days": 800},
        "notices": {"silent_after_minutes": 5 * 24 * 60},
    }


def exported(number: int) -> pa.Table | None:
    """Return a week as the CRM first exports it; None where it exports nothing."""
    if number == EMPTY:
        return None
    events = (*EVENTS, _BREAK) if number == BROKEN else EVENTS
    leads = generate_week(week_of(number), contract=contract(), seed=SEED, events=events)
    return without_labels(leads) if number == LATE else leads


def corrected(number: int) -> pa.Table:
    """Return a week as it should have been."""
    return generate_week(week_of(number), contract=contract(), seed=SEED, events=EVENTS)


def without_labels(leads: pa.Table) -> pa.Table:
    """Return leads whose scores and outcomes are not known yet."""
    for name in (contract().label, contract().outcome):
        at = leads.schema.get_field_index(name)
        leads = leads.set_column(at, leads.schema.field(at), pa.nulls(leads.num_rows, leads.schema.field(at).type))
    return leads
