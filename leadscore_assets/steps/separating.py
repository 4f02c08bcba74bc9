"""Separating: the domain classifier on stored samples, with each past week's answer kept so that it is asked once."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.domain_classifier import Floats, Sample, common_size, pooled, separability
from leadscore_assets.domain.separation import Separation, separation
from leadscore_assets.domain.week_profile import SAMPLE_ROWS, WeekProfile, sample_rows
from leadscore_assets.steps.platform import Platform

_KEPT = 12
_NAMED = 3


def separate(
    platform: Platform,
    now: WeekProfile,
    reference: Sequence[WeekProfile],
    past: Sequence[WeekProfile],
    *,
    names: Sequence[str],
) -> Separation | None:
    """Ask whether a model tells this week from the reference, and judge the answer by past weeks, oldest first.

    A past week is compared with as many weeks before it as the reference has. None while too few weeks are there.
    """
    policy, reach = platform.policy.drift, len(reference)
    held = [item for item in past if item.sample]
    turns = [(week, held[max(place - reach, 0) : place]) for place, week in enumerate(held) if place]
    turns = turns[-policy.history_weeks :]
    least = policy.minimum_history
    size = common_size(_rows([now]), [min(_rows([week]), _rows(before)) for week, before in turns], least=least)
    if size is None or _rows(reference) < size:
        return None
    usable = [turn for turn in turns if min(_rows([turn[0]]), _rows(turn[1])) >= size]
    known = [_remembered(platform, week, before, size) for week, before in usable]
    found, gains = _ask(platform, now, reference, size)
    best = [names[place] for place in np.argsort(-gains, kind="stable")[:_NAMED]]
    return separation(found, known, size=size, features=best, policy=policy)


def read_samples(platform: Platform, weeks: Sequence[WeekProfile]) -> pa.Table:
    """Return up to 2,000 sampled rows, evenly from some weeks."""
    share = -(-SAMPLE_ROWS // max(len(weeks), 1))
    tables = [platform.lake.read_files([week.sample]).slice(0, share) for week in weeks if week.sample]
    return pa.concat_tables(tables).slice(0, SAMPLE_ROWS) if tables else pa.table({})


def _ask(platform: Platform, week: WeekProfile, reference: Sequence[WeekProfile], size: int) -> tuple[float, Floats]:
    now, before = _sample(platform, week), [_sample(platform, item) for item in reference]
    return separability(now[:size], pooled(before, size))


def _remembered(platform: Platform, week: WeekProfile, before: Sequence[WeekProfile], size: int) -> float:
    """Return a past week's answer, from the lake where the same samples were asked before."""
    samples = [item.sample.sha256 for item in (week, *before) if item.sample]
    path, key = f"profiles/week={week.week}/separations.json", digest_of([size, samples])
    stored = platform.lake.read_json(path) or {}
    if key not in stored:
        answer = _ask(platform, week, before, size)[0]
        platform.lake.write_json(path, {**(stored if len(stored) < _KEPT else {}), key: answer})
        return answer
    return float(stored[key])


def _sample(platform: Platform, week: WeekProfile) -> Sample:
    return sample_rows(platform.lake.read_files([week.sample])) if week.sample else np.zeros((0, 0), dtype=np.float32)


def _rows(weeks: Sequence[WeekProfile]) -> int:
    return sum(week.sample.rows for week in weeks if week.sample)
