"""What a generated lead is worth: the hidden rule from its clean columns to the score 1 to 5 and to conversion.

The rule is known, so the best attainable score of every lead is known too: a model can be measured against it. It is
not linear (saturation, a hump, products of two columns), and half of the score's variance is chance.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr, ndtri

from leadscore_assets.domain.population import population

Array = NDArray[Any]
Floats = NDArray[np.float64]
Columns = Mapping[str, Array]
RULED = 0.69
CLASS_SHARES = (0.14, 0.23, 0.28, 0.21, 0.14)
_CUTS = ndtri(np.cumsum(CLASS_SHARES)[:-1])
_CHANCE = np.sqrt(1 - RULED**2)
_CONVERSION = (-2.15, 1.25)
_REFERENCE_DAY, _REFERENCE_ROWS, _REFERENCE_SEED = date(2026, 1, 7), 20_000, 20_260_107

_SENIORITY = np.array([1.0, 0.9, 0.7, 0.45, 0.15, 0.0])
_SIZE_FIT = np.array([0.0, 0.4, 0.9, 1.0, 0.6, 0.3])
_INDUSTRY_FIT = np.array([1.0, 0.6, 0.8, 0.5, 0.3, 0.1, 0.5, 0.3, 0.6, 0.0])
_SOURCE_FIT = np.array([0.5, 0.3, 0.0, 1.0, 0.8, 0.6, 0.1, 0.4])


@dataclass(frozen=True)
class Term:
    """One part of the rule: a weight, the columns it reads, and a function of them (standardised before weighing)."""

    weight: float
    reads: tuple[str, ...]
    of: Callable[..., Floats]


TERMS = (
    Term(0.40, ("pricing_views",), np.sqrt),
    Term(0.30, ("pricing_views", "job_level"), lambda views, level: np.minimum(views, 8) * _SENIORITY[level]),
    Term(0.35, ("days_since_visit",), lambda days: np.exp(-days / 6)),
    Term(0.40, ("trial_days",), np.log1p),
    Term(0.35, ("email_click_rate",), np.sqrt),
    Term(-0.40, ("response_hours",), np.log1p),
    Term(0.35, ("company_size",), lambda band: _SIZE_FIT[band]),
    Term(0.35, ("source",), lambda source: _SOURCE_FIT[source]),
    Term(0.20, ("industry",), lambda industry: _INDUSTRY_FIT[industry]),
    Term(0.35, ("meetings",), lambda meetings: np.minimum(meetings, 3)),
    Term(0.25, ("budget", "employees"), lambda budget, employees: np.log1p(budget) - 0.5 * np.log1p(employees)),
    Term(-0.15, ("support_tickets",), lambda tickets: np.maximum(tickets - 3, 0)),
    Term(0.15, ("growth_rate", "technologies"), lambda growth, count: np.tanh(5 * growth) * np.sqrt(count)),
    Term(0.15, ("demo_views", "has_phone"), lambda views, phone: np.minimum(views, 4) * (0.5 + phone)),
    Term(0.15, ("total_spend",), np.log1p),
    Term(-0.10, ("bounce_rate",), lambda rate: rate),
)


@dataclass(frozen=True)
class Worth:
    """A day's leads as the rule sees them, arrays (n,): the mean score (1 to 5), the score and outcome drawn."""

    expected: Floats
    score: NDArray[np.int64]
    converted: NDArray[np.bool_]


def worth(columns: Columns, features: tuple[str, ...], *, turn: float, generator: np.random.Generator) -> Worth:
    """Draw score and outcome from clean columns.

    The rule reads only terms whose columns are among `features`, so that another contract's leads can be learnt as
    well. `turn` (0 to 1) replaces that share of the weights by other ones: a change of concept.
    """
    index = _index(columns, features, turn)
    latent = RULED * index + _CHANCE * generator.standard_normal(index.size)
    score = 1 + np.searchsorted(_CUTS, latent)
    intercept, slope = _CONVERSION
    converted = generator.random(index.size) < expit(intercept + slope * latent)
    return Worth(expected_score(index), score, converted)


def expected_score(index: Floats) -> Floats:
    """Return the mean score (1 to 5) of leads with a standardised rule value: 1 plus the chance of passing each cut."""
    passed: Floats = ndtr((RULED * index[:, None] - _CUTS) / _CHANCE)
    expected: Floats = 1 + passed.sum(axis=1)
    return expected


def _index(columns: Columns, features: tuple[str, ...], turn: float) -> Floats:
    used, weights, means, spreads, centre, spread = _reference(features, turn)
    parts = (_parts(columns, used) - means) / spreads
    index: Floats = (parts @ weights - centre) / spread
    return index


def _parts(columns: Columns, used: tuple[int, ...]) -> Floats:
    return np.column_stack([TERMS[i].of(*(columns[name] for name in TERMS[i].reads)) for i in used]).astype(np.float64)


@lru_cache(maxsize=32)
def _reference(features: tuple[str, ...], turn: float) -> tuple[tuple[int, ...], Floats, Floats, Floats, float, float]:
    """Standardise the rule once, on a fixed population, so that class shares and scales do not follow a day's leads."""
    used = tuple(i for i, term in enumerate(TERMS) if set(term.reads) <= set(features))
    plain = np.array([TERMS[i].weight for i in used])
    weights = (1 - turn) * plain - turn * np.roll(plain, 1)
    columns = population(_REFERENCE_DAY, _REFERENCE_ROWS, np.random.default_rng(_REFERENCE_SEED))
    parts = _parts(columns, used)
    means, spreads = parts.mean(axis=0), parts.std(axis=0)
    index = ((parts - means) / spreads) @ weights
    return used, weights, means, spreads, float(index.mean()), float(index.std())
