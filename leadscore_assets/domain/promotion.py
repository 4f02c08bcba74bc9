"""The first ladder: whether a candidate takes the champion's place, with every reason in a sentence.

"Not better" is an answer and so is "not yet"; neither is a failure. Rules are asked in order and the first that
speaks decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from leadscore_assets.domain.comparison import Comparison, rows_needed
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.policy import PromotionPolicy

MINIMUM_TEST_ROWS = 30
Decision = Literal["promote", "keep", "not_yet"]


@dataclass(frozen=True)
class Verdict(Record):
    """What to do with a candidate, the rule that decided, and why, most important sentence first."""

    decision: Decision
    rule: str
    reasons: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """All reasons in one paragraph."""
        return " ".join(self.reasons)


def decide(
    *,
    comparison: Comparison | None,
    metrics: Mapping[str, float],
    champion_exists: bool,
    comparable: bool,
    rows: int,
    policy: PromotionPolicy,
) -> Verdict:
    """Judge a candidate by its metrics on `rows` test rows and by its comparison with the champion on those rows.

    `comparable` is False when the champion's training saw the test days or later ones. Rules, in order:
    too_few_rows and not_measurable give not_yet; below_floor keeps; first_model promotes; not_comparable keeps;
    not_compared gives not_yet; significant_gain promotes when the interval lies above the policy's minimum gain, and
    no_significant_gain keeps.
    """
    alone = _judge_alone(metrics, champion_exists=champion_exists, rows=rows, policy=policy)
    if alone is not None:
        return alone
    if not comparable:
        return Verdict("keep", "not_comparable", _not_comparable(rows))
    if comparison is None:
        return Verdict("not_yet", "not_compared", _not_compared(rows))
    if comparison.low > policy.minimum_gain:
        return Verdict("promote", "significant_gain", _gain(comparison, policy))
    return Verdict("keep", "no_significant_gain", _no_gain(comparison, policy))


def reaches_floor(metrics: Mapping[str, float], policy: PromotionPolicy) -> bool:
    """Say whether a model's Spearman is measured and at least the policy's floor."""
    return metrics.get("spearman", -2.0) >= policy.spearman_floor


def _judge_alone(
    metrics: Mapping[str, float], *, champion_exists: bool, rows: int, policy: PromotionPolicy
) -> Verdict | None:
    if rows < MINIMUM_TEST_ROWS:
        return Verdict("not_yet", "too_few_rows", _too_few(rows))
    if "spearman" not in metrics:
        return Verdict("not_yet", "not_measurable", _not_measurable(rows))
    if not reaches_floor(metrics, policy):
        reasons = _below_floor(metrics["spearman"], rows, policy, champion_exists=champion_exists)
        return Verdict("keep", "below_floor", reasons)
    if not champion_exists:
        return Verdict("promote", "first_model", _first(metrics["spearman"], rows, policy))
    return None


def _too_few(rows: int) -> tuple[str, ...]:
    return (
        f"There are too few test rows to judge a model on: {rows}.",
        f"A verdict needs at least {MINIMUM_TEST_ROWS} matured test rows; wait for more, or widen the test days.",
    )


def _not_measurable(rows: int) -> tuple[str, ...]:
    return (
        f"Spearman cannot be measured on these {_count(rows)}: all scores or all labels are the same.",
        "A verdict needs test rows with at least two labels and a model that tells them apart.",
    )


def _below_floor(value: float, rows: int, policy: PromotionPolicy, *, champion_exists: bool) -> tuple[str, ...]:
    stays = "The champion stays." if champion_exists else "No model goes into production."
    return (
        f"The candidate's Spearman of {value:.4f} on {_count(rows)} lies below the floor of {policy.spearman_floor:g}.",
        f"{stays} A candidate that reaches the floor would change this verdict.",
    )


def _first(value: float, rows: int, policy: PromotionPolicy) -> tuple[str, ...]:
    return (
        f"First model: its Spearman of {value:.4f} on {_count(rows)} reaches the floor of {policy.spearman_floor:g}.",
        "There is no champion yet to compare it with; the next candidate will be compared with this one.",
    )


def _not_comparable(rows: int) -> tuple[str, ...]:
    return (
        f"The champion's training saw these days or later ones, so these {_count(rows)} would flatter it.",
        "A candidate of a newer week, judged on days after the champion's training, can be compared.",
    )


def _not_compared(rows: int) -> tuple[str, ...]:
    return (
        f"The champion could not be ranked on these {_count(rows)}: its scores are missing or all the same.",
        "Scores of both models on the same test rows would settle it.",
    )


def _gain(comparison: Comparison, policy: PromotionPolicy) -> tuple[str, ...]:
    return (
        f"The candidate ranks leads better than the champion: {_measured(comparison)}.",
        f"The whole interval lies above {_needed(policy)}; had it reached down to that, the champion would stay.",
    )


def _no_gain(comparison: Comparison, policy: PromotionPolicy) -> tuple[str, ...]:
    if comparison.standard_error == 0:
        return (
            f"Candidate and champion rank these {_count(comparison.n)} identically, "
            f"with a Spearman of {comparison.champion:.4f}.",
            "Only a candidate that orders leads differently can gain anything.",
        )
    if comparison.high < 0:
        return (
            f"The candidate ranks leads worse than the champion: {_measured(comparison)}.",
            f"The interval would have to lie above {_needed(policy)}.",
        )
    return (f"No gain is shown over the champion: {_measured(comparison)}.", _what_would_help(comparison, policy))


def _what_would_help(comparison: Comparison, policy: PromotionPolicy) -> str:
    rows = rows_needed(comparison, gain=comparison.difference, over=policy.minimum_gain)
    if rows is not None:
        return (
            f"The interval reaches down to {_needed(policy)} or below; it would need about {_rounded(rows)} test rows "
            f"to see a gain of this size in four weeks of five."
        )
    reach = comparison.difference - comparison.low
    return (
        f"On {comparison.n:,} rows, a measured gain above {policy.minimum_gain + reach:+.4f} would have been needed "
        f"to promote."
    )


def _measured(comparison: Comparison) -> str:
    return (
        f"Spearman {comparison.candidate:.4f} against {comparison.champion:.4f} on {_count(comparison.n)}, "
        f"a difference of {comparison.difference:+.4f} "
        f"({comparison.confidence * 100:g} % interval {comparison.low:+.4f} to {comparison.high:+.4f})"
    )


def _needed(policy: PromotionPolicy) -> str:
    return f"the minimum gain of {policy.minimum_gain:g}" if policy.minimum_gain else "zero"


def _count(rows: int) -> str:
    return f"{rows:,} test rows"


def _rounded(rows: int) -> str:
    step = 10 ** max(len(str(rows)) - 2, 0)
    return f"{-(-rows // step) * step:,}"
