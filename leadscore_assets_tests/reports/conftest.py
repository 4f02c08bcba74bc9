"""Evaluations to draw: simulated leads with a champion, without one, and with next to nothing."""

from datetime import date

import numpy as np
import pytest

from leadscore_assets.domain.evaluation import (
    Answers,
    Background,
    Evaluation,
    JudgedRows,
    Subject,
    build_evaluation,
)
from leadscore_assets.domain.posterior import PastGain
from leadscore_assets.domain.promotion_policy import PromotionPolicy

IMPORTANCE = {f"feature_{number:02d}": 1 / (number + 1) for number in range(24)} | {
    "time_since_the_last_meeting_with_the_buying_committee": 2.0,
    "cost_$_per_$": 0.4,
}


def make_evaluation(
    *, n=2400, champion=True, gain=0.25, probability=True, importance=None, seed=3, policy=None, shift=0.0, **subject
) -> Evaluation:
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=n)
    label = np.digitize(quality + draw.normal(size=n), [-2.1, -0.8, 0.6, 1.9]) + 1
    chance = 1 / (1 + np.exp(2.2 - 1.1 * quality))
    new = 3 + 0.5 * (quality + 0.8 * draw.normal(size=n))
    old = 3 + 0.5 * (quality + (0.8 + gain) * draw.normal(size=n))
    region = np.where(np.arange(n) % 3, "emea", "amer").astype(object)
    new = np.where(region == "amer", new + shift * draw.normal(size=n), new + shift)
    past = [PastGain(date(2026, 2, 9), "spearman", 0.012, 0.005), PastGain(date(2026, 2, 16), "spearman", 0.02, 0.006)]
    again = PastGain(date(2026, 2, 23), "spearman", 0.011, 0.005, 0.006, 0.005)
    days = np.datetime64("2026-03-05") + np.sort(draw.integers(0, 3, n))
    known = {"champion_digest": "9f" * 32, "champion_version": 7} if champion else {}
    terms = {
        "week": date(2026, 3, 2),
        "candidate_digest": "1a2b" * 16,
        "policy_digest": "cd" * 32,
        "trained_first": date(2026, 2, 16),
        "trained_last": date(2026, 3, 3),
        "trained_rows": 10_412,
        "outcome_name": "converted",
    }
    return build_evaluation(
        background=Background([*past, again], again, 4.2) if champion else None,
        subject=Subject(**(terms | known | subject)),
        rows=JudgedRows(label=label, day=days, outcome=draw.random(n) < chance, segments={"region": region}),
        candidate=Answers(np.clip(new, 1, 5), 1 / (1 + np.exp(7.6 - 1.9 * new)) if probability else None),
        champion=Answers(np.clip(old, 1, 5), 1 / (1 + np.exp(7.0 - 1.7 * old)) if probability else None)
        if champion
        else None,
        policy=policy or PromotionPolicy(),
        importance=IMPORTANCE if importance is None else importance,
    )


@pytest.fixture(scope="session")
def promoted():
    return make_evaluation()


@pytest.fixture(scope="session")
def first():
    return make_evaluation(champion=False)


@pytest.fixture(scope="session")
def tiny():
    return make_evaluation(n=12, champion=False, probability=False, importance={})


@pytest.fixture(scope="session")
def guarded():
    """A candidate whose scores are off and who does badly in one region."""
    return make_evaluation(shift=1.2)
