"""Label shift: whether a week's labels are spread as those of the weeks before, by more than is harmless and by chance.

What sales call a good lead may change, or an export may write another scale; either is seen here before a model is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leadscore_assets.domain.chance import tv_margin
from leadscore_assets.domain.distances import shares, total_variation
from leadscore_assets.domain.policy import QualityPolicy

Counts = Mapping[str, int]


@dataclass(frozen=True)
class LabelShift:
    """The share of leads that would have to change their label (0 to 1), its bound, and what it says.

    `shifted` is None where there are too few labels to tell.
    """

    shifted: bool | None
    distance: float
    bound: float
    sentence: str


def label_shift(now: Counts, before: Sequence[Counts], policy: QualityPolicy) -> LabelShift:
    """Compare a week's label counts (label to rows) with those of past weeks."""
    past = _total(before)
    least = min(sum(now.values()), sum(past.values()))
    if least < policy.minimum_labels:
        said = (
            f"{sum(now.values()):,} labels against {sum(past.values()):,} of the weeks before: not judged below "
            f"{policy.minimum_labels:,}."
        )
        return LabelShift(None, 0.0, 0.0, said)
    names = sorted({*now, *past}, key=float)
    sides = [[side.get(name, 0) for name in names] for side in (now, past)]
    distance = float(total_variation(*sides))
    bound = policy.label_tolerance + float(tv_margin(*sides, features=1, alpha=policy.label_alpha))
    moved = ", ".join(
        f"{name}: {new:.0%} (before {old:.0%})"
        for name, new, old in zip(names, shares(sides[0]), shares(sides[1]), strict=True)
    )
    said = f"{distance:.1%} of the labels moved, at most {bound:.1%} is harmless or chance. Label {moved}."
    return LabelShift(distance > bound, distance, bound, said)


def _total(weeks: Sequence[Counts]) -> dict[str, int]:
    found: dict[str, int] = {}
    for week in weeks:
        for name, rows in week.items():
            found[name] = found.get(name, 0) + rows
    return found
