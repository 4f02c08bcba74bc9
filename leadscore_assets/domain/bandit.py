"""The bandit's share: Thompson sampling's own allocation, computed instead of drawn, and only ever raised.

A lead gets the candidate with the chance that the candidate is the better arm. The routing's salted hash plays that
chance, so nothing here is random. A share that fell would move leads back, so a candidate that looks worse keeps what
it has until the e-process on the same counts takes it back.
"""

from collections.abc import Sequence

import numpy as np

from leadscore_assets.domain.release_counts import Outcomes
from leadscore_assets.domain.release_policy import ReleasePolicy

_RATIOS = np.linspace(-1.5, 1.5, 1201)
_PRIOR_SD = 0.2


def chance_better(outcomes: Sequence[Outcomes]) -> float:
    """Return the chance that the candidate converts more often than the champion, given randomised counts.

    The log of the ratio of both rates has a normal prior (0, 0.2); of a stretch's conversions the candidate's share
    depends on that ratio alone, so a season in the rate itself does not matter.
    """
    logs = -0.5 * (_RATIOS / _PRIOR_SD) ** 2
    for item in outcomes:
        if 0 < item.weight < 1:
            odds = np.log(item.weight / (1 - item.weight)) + _RATIOS
            logs = logs - item.candidate_converted * np.logaddexp(0, -odds)
            logs = logs - item.champion_converted * np.logaddexp(0, odds)
    half = _RATIOS == 0
    above = np.logaddexp.reduce(np.where(half, logs - np.log(2), logs)[_RATIOS >= 0])
    return float(np.exp(above - np.logaddexp.reduce(logs)))


def next_share(share: float, outcomes: Sequence[Outcomes], policy: ReleasePolicy) -> float:
    """Return the candidate's next share: towards its chance to be better, by `most_raise` at most, never lower."""
    target = float(np.clip(chance_better(outcomes), policy.floor, 1 - policy.floor))
    return round(max(share, min(target, share + policy.most_raise)), 4)
