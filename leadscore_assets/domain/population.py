"""Who comes: the 50 columns of generated B2B leads, drawn from a few hidden factors so that they hang together.

A lead's company quality, size, intent and engagement are normal and correlated; every column is a known function of
them and of its own noise. Values here are clean: whole, without outliers, none missing.
"""

from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from leadscore_assets.domain.calendar import at_midnight

Array = NDArray[Any]
Floats = NDArray[np.float64]
_DAY = 86_400.0
_BAND_ENDS = (10, 50, 200, 1000, 5000)
_CAMPAIGN_SOURCES = (1, 2, 5, 7)
CAMPAIGNS = 12


def population(day: date, rows: int, generator: np.random.Generator) -> dict[str, Array]:
    """Draw a day's leads: arrays (rows,) by column, categories as positions in the contract's levels, moments as epoch
    seconds (`created_at` ascending)."""
    crowd = _Crowd(rows, generator, weekend=day.weekday() >= 5)
    created = np.floor(at_midnight(day).timestamp() + crowd.seconds_of_day())
    columns: dict[str, Array] = {"created_at": created}
    for draw in (_company, _contact, _behaviour, _spending, _engagement, _origin):
        columns |= draw(crowd, columns)
    return columns


class _Crowd:
    """A day's leads as hidden factors, and the shapes that a column can take from them."""

    def __init__(self, rows: int, generator: np.random.Generator, *, weekend: bool) -> None:
        self.rows, self.generator, self.weekend = rows, generator, weekend
        self.factors: dict[str, Floats] = {}
        self.factors["quality"] = self.normal()
        self.factors["size"] = self.normal(quality=0.4)
        self.factors["intent"] = self.normal(quality=0.25) - 0.15 * weekend
        self.factors["engagement"] = self.normal(quality=0.15, intent=0.4)

    def normal(self, **loads: float) -> Floats:
        """Standard normal values that hang on factors by these loads; the rest of the variance is their own."""
        own = np.sqrt(1 - sum(load * load for load in loads.values()))
        values: Floats = own * self.generator.standard_normal(self.rows)
        for name, load in loads.items():
            values = values + load * self.factors[name]
        return values

    def skewed(self, median: float, sigma: float, **loads: float) -> Floats:
        """Lognormal values around a median."""
        values: Floats = median * np.exp(sigma * self.normal(**loads))
        return values

    def count(self, mean: float, sigma: float, **loads: float) -> Floats:
        """Whole numbers from 0, more spread out than chance alone."""
        return self.generator.poisson(mean * np.exp(sigma * self.normal(**loads) - sigma**2 / 2)).astype(np.float64)

    def share(self, middle: float, spread: float, **loads: float) -> Floats:
        """Values between 0 and 1 around a middle."""
        values: Floats = np.round(expit(logit(middle) + spread * self.normal(**loads)), 4)
        return values

    def flag(self, chance: float, **loads: float) -> NDArray[np.bool_]:
        """True for a share of the rows."""
        flags: NDArray[np.bool_] = self.normal(**loads) > ndtri(1 - chance)
        return flags

    def level(self, *weights: float, **loads: float) -> NDArray[np.int64]:
        """Positions of levels with these relative weights; later levels go with higher factors."""
        ends = np.cumsum(weights) / np.sum(weights)
        found: NDArray[np.int64] = np.searchsorted(ends, ndtr(self.normal(**loads)))
        return np.minimum(found, len(weights) - 1)

    def seconds_of_day(self) -> Floats:
        """Ascending moments: mostly around half past ten and three, some at any hour."""
        hours = np.where(self.generator.random(self.rows) < 0.5, 10.5, 15.0) + 1.8 * self.generator.standard_normal(
            self.rows
        )
        anytime = self.generator.random(self.rows) < 0.06
        hours = np.where(anytime, 24 * self.generator.random(self.rows), hours)
        seconds: Floats = np.sort(np.clip(hours * 3600, 0, _DAY - 1))
        return seconds


def _company(crowd: _Crowd, _: dict[str, Array]) -> dict[str, Array]:
    employees = np.maximum(1, np.rint(crowd.skewed(110, 1.2, size=0.95)))
    country = crowd.level(28, 14, 12, 8, 6, 5, 5, 4, 4, 7, 4, 3)
    region = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 0, 2])[country]
    return {
        "industry": crowd.level(18, 16, 11, 10, 12, 7, 8, 7, 6, 5),
        "country": country,
        "region": region,
        "company_size": np.searchsorted(_BAND_ENDS, employees),
        "employees": employees,
        "annual_revenue": np.round(employees * crowd.skewed(120_000, 0.45, quality=0.4), -2),
        "company_age": np.rint(crowd.skewed(14, 0.7, size=0.4)),
        "growth_rate": np.round(0.08 + 0.12 * crowd.normal(quality=0.5), 4),
        "technologies": crowd.count(22, 0.5, size=0.6, quality=0.2),
        "is_customer": crowd.flag(0.22, quality=0.4),
    }


def _contact(crowd: _Crowd, _: dict[str, Array]) -> dict[str, Array]:
    return {
        "job_level": 5 - crowd.level(12, 30, 24, 17, 9, 8, quality=0.3),
        "department": crowd.level(24, 18, 20, 12, 13, 6, 7),
        "business_email": crowd.flag(0.76, quality=0.5),
        "has_phone": crowd.flag(0.58, engagement=0.4),
        "profile_completeness": crowd.share(0.62, 0.8, engagement=0.4, quality=0.2),
        "contacts_at_company": 1 + crowd.count(3.5, 0.6, size=0.6),
    }


def _behaviour(crowd: _Crowd, _: dict[str, Array]) -> dict[str, Array]:
    visits = 1 + crowd.count(5, 0.6, intent=0.7)
    return {
        "visits": visits,
        "page_views": visits + crowd.count(14, 0.7, intent=0.7, engagement=0.2),
        "session_minutes": np.round(crowd.skewed(5.5, 0.6, intent=0.4), 2),
        "days_since_visit": np.round(crowd.skewed(4, 0.9, intent=-0.4), 2),
        "pricing_views": crowd.count(2.2, 0.8, intent=0.75),
        "demo_views": crowd.count(1.6, 0.7, intent=0.6),
        "docs_views": crowd.count(3.0, 0.8, intent=0.4),
        "downloads": crowd.count(1.5, 0.6, engagement=0.6),
        "searches": crowd.count(2.4, 0.7, intent=0.5),
        "bounce_rate": crowd.share(0.38, 0.8, intent=-0.5),
    }


def _spending(crowd: _Crowd, known: dict[str, Array]) -> dict[str, Array]:
    trial, customer = crowd.flag(0.36, intent=0.6), known["is_customer"]
    transactions = np.where(customer, 1 + crowd.count(6, 0.7, quality=0.4), 0)
    return {
        "trial_started": trial,
        "trial_days": np.where(trial, 1 + crowd.count(6, 0.6, engagement=0.5, intent=0.3), 0),
        "trial_users": np.where(trial, 1 + crowd.count(2.5, 0.6, size=0.5), 0),
        "transactions": transactions,
        "total_spend": np.round(transactions * crowd.skewed(900, 0.6, size=0.4), 2),
        "budget": np.round(crowd.skewed(18_000, 0.9, size=0.5, intent=0.35), -2),
        "support_tickets": crowd.count(2.0, 0.7, engagement=0.3),
        "satisfaction": np.round(10 * crowd.share(0.7, 0.8, quality=0.4), 1),
    }


def _engagement(crowd: _Crowd, _: dict[str, Array]) -> dict[str, Array]:
    calls = crowd.count(2.4, 0.7, engagement=0.6)
    opened = crowd.share(0.34, 0.9, engagement=0.7)
    return {
        "emails_sent": 1 + crowd.count(8, 0.4),
        "email_open_rate": opened,
        "email_click_rate": np.round(opened * crowd.share(0.3, 0.9, engagement=0.5, intent=0.2), 4),
        "email_replies": crowd.count(1.6, 0.7, engagement=0.7),
        "calls": calls,
        "call_minutes": np.round(calls * crowd.skewed(7, 0.5, engagement=0.3), 1),
        "meetings": crowd.count(1.5, 0.7, engagement=0.5, intent=0.3),
        "events_attended": crowd.count(1.5, 0.7, engagement=0.5),
        "response_hours": np.round(crowd.skewed(14, 0.9, engagement=-0.6), 2),
        "newsletter": crowd.flag(0.45, engagement=0.4),
    }


def _origin(crowd: _Crowd, known: dict[str, Array]) -> dict[str, Array]:
    social, mobile = (20.0, 45.0) if crowd.weekend else (12.0, 26.0)
    source = crowd.level(24, 20, social, 10, 8, 7, 9, 10)
    campaign = crowd.level(*range(CAMPAIGNS + 4, 4, -1))
    with_campaign = np.isin(source, _CAMPAIGN_SOURCES) | (crowd.generator.random(crowd.rows) < 0.15)
    return {
        "source": source,
        "campaign": np.where(with_campaign, campaign, -1),
        "device": crowd.level(68, mobile, 6),
        "acquisition_cost": np.round(crowd.skewed(85, 0.7), 2),
        "touches": 1 + crowd.count(6, 0.6, engagement=0.5),
        "first_seen_at": np.floor(known["created_at"] - _DAY * crowd.skewed(40, 0.9)),
    }
