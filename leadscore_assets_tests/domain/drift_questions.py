"""Questions about drift to put: weeks of five features, what is planted in the last, and a judged answer."""

from datetime import date, timedelta

import numpy as np

from leadscore_assets.domain.column import Column
from leadscore_assets.domain.drift import DriftQuestion, DriftReport, judge_drift
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.profiles import profile_of, total
from leadscore_assets_tests.domain.profile_data import fixed, made, profiled

WEEK = date(2026, 3, 2)


def question(now, *, rows=3000, history=0, reach=4, **more) -> DriftQuestion:
    past = [profiled(rows, seed=place) for place in range(max(history, reach))]
    weeks = tuple(WEEK - timedelta(weeks=reach - place) for place in range(reach))
    terms = {"past": past if history else past[-reach:], "about": f"the {reach} weeks before it"}
    terms |= {"reference": total(past[-reach:])} | more
    return DriftQuestion(week=WEEK, now=profile_of(now, fixed()), reference_weeks=weeks, bins=fixed(), **terms)


def judged(now, *, policy: DriftPolicy | None = None, **more) -> DriftReport:
    return judge_drift(question(now, **more), policy or DriftPolicy())


def changed(name, change, *, rows=3000, seed=77):
    columns = made(rows, seed=seed)
    old = columns[name]
    return columns | {name: Column(change(old.values), old.levels)}


def lost(values):
    return np.where(np.random.default_rng(5).random(values.size) < 0.25, np.nan, values)
