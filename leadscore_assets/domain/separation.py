"""Separation: the domain classifier's answer for a week, beside chance and beside its own past weeks."""

from collections.abc import Sequence
from dataclasses import dataclass

from leadscore_assets.domain.chance import auc_chance
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.usual import Usual, against_past

_CHANCE_ALPHA = 0.001


@dataclass(frozen=True)
class Separation(Record):
    """How well a model tells this week's `size` leads from as many of the reference.

    `auc` is 0.5 where they are alike; `chance` is what meaningless scores exceed in one week of a thousand; `usual`
    compares with past weeks. `features` carry most of what the model uses.
    """

    auc: float
    size: int
    chance: float
    usual: Usual
    alarm: bool
    features: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Say it in words."""
        past = f"{self.usual.weeks} past weeks usually stay below {self.usual.usually:.3f}"
        found = f"A model tells this week's leads from the reference's with an AUC of {self.auc:.3f}; {past}."
        if not self.alarm:
            return found
        return f"{found} It looks most at {', '.join(self.features)}."


def separation(
    auc: float, past: Sequence[float], *, size: int, features: Sequence[str], policy: DriftPolicy
) -> Separation:
    """Judge an AUC against past ones that were measured at the same sample size: unusual, and more than chance."""
    usual = against_past(auc, past, alpha=policy.classifier_alpha)
    chance = auc_chance(size, size, alpha=_CHANCE_ALPHA)
    alarm = usual.p < policy.classifier_alpha and auc > chance
    return Separation(auc, size, chance, usual, alarm, tuple(features))
