"""Columns to profile: a bell, a skewed one with holes, one with many zeros, a flag and levels."""

import numpy as np

from leadscore_assets.domain.bins import Bins, fit_bins
from leadscore_assets.domain.column import Column
from leadscore_assets.domain.profiles import Profile, profile_of

LEVELS = ("red", "green", "blue")


def made(rows: int, *, seed: int, shift: float = 0.0) -> dict[str, Column]:
    draw = np.random.default_rng(seed)
    skewed = np.exp(draw.normal(2 + shift, 1, rows))
    return {
        "bell": Column(draw.normal(shift, 1, rows)),
        "skewed": Column(np.where(draw.random(rows) < 0.05, np.nan, skewed)),
        "zeros": Column(np.where(draw.random(rows) < 0.4, 0.0, draw.gamma(2.0, 3.0, rows))),
        "flag": Column((draw.random(rows) < 0.3 + 0.2 * shift).astype(float)),
        "colour": Column(draw.choice(3, rows, p=[0.5, 0.3, 0.2]).astype(float), LEVELS),
    }


def fixed() -> Bins:
    return fit_bins(made(5000, seed=99), contract="c")


def profiled(rows: int, *, seed: int, shift: float = 0.0) -> Profile:
    return profile_of(made(rows, seed=seed, shift=shift), fixed())
