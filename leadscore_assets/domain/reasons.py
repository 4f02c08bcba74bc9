"""The sentences of a verdict: what was measured on how many rows, which claim decided, and what would change it."""

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist

from leadscore_assets.domain.claims import amount, claim, measure_title, metric_title, phrase, refuted, room
from leadscore_assets.domain.comparison import Comparison, rows_needed, z_score
from leadscore_assets.domain.guardrails import Guardrail
from leadscore_assets.domain.ladder import UNKNOWN, Rung, climb
from leadscore_assets.domain.needed_gain import needed_gain
from leadscore_assets.domain.posterior import Posterior
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.segments import Segment

Reasons = tuple[str, ...]


def too_few(rows: int, policy: PromotionPolicy) -> Reasons:
    """There are too few rows for any verdict."""
    return (
        f"There are too few test rows to judge a model on: {rows}.",
        f"A verdict needs at least {policy.minimum_rows} matured test rows; wait for more, or widen the test days.",
    )


def not_measurable(rows: int) -> Reasons:
    """The rows do not define a rank correlation."""
    return (
        f"Spearman cannot be measured on these {_count(rows)}: all scores or all labels are the same.",
        "A verdict needs test rows with at least two labels and a model that tells them apart.",
    )


def own_spearman(value: float, low: float, high: float, rows: int, policy: PromotionPolicy) -> str:
    """A model's own Spearman with rows and interval, to go into a sentence."""
    return f"Spearman of {value:.4f} on {_count(rows)} ({_share(policy)} interval {low:.4f} to {high:.4f})"


def below_floor(measured: str, policy: PromotionPolicy, *, champion_exists: bool) -> Reasons:
    """A model under the floor never serves."""
    stays = "The champion stays." if champion_exists else "No model goes into production."
    return (
        f"The candidate's {measured} lies below the floor of {policy.spearman_floor:g}.",
        f"{stays} A candidate that reaches the floor would change this verdict.",
    )


def floor_not_shown(measured: str, value: float, low: float, rows: int, policy: PromotionPolicy) -> Reasons:
    """A first model that reaches the floor, but on too few rows to be sure."""
    over = value - policy.spearman_floor
    needed = math.ceil(rows * ((value - low) / over) ** 2) if over > 0 else None
    more = f"about {rounded_up(needed)} test rows would show a model this good" if needed else "wait for more test rows"
    return (
        f"First model: its {measured} is not shown to reach the floor of {policy.spearman_floor:g}.",
        f"The whole interval must lie at or above the floor; {more}.",
    )


def first(measured: str, policy: PromotionPolicy) -> Reasons:
    """A first model whose whole interval reaches the floor."""
    return (
        f"First model: its {measured} reaches the floor of {policy.spearman_floor:g}.",
        "There is no champion yet to compare it with; an interval that reached below the floor would have waited.",
    )


def alone(measured: str, policy: PromotionPolicy) -> Reasons:
    """A model that takes the place of a champion that cannot answer."""
    return (
        f"Judged alone, the candidate's {measured} reaches the floor of {policy.spearman_floor:g}.",
        "A champion that can answer would have been compared with it.",
    )


def not_comparable(rows: int) -> Reasons:
    """One of the two has seen the answers."""
    return (
        f"A model's training saw these days or later ones, so these {_count(rows)} would flatter it.",
        "Rows of days after both trainings can be compared.",
    )


def not_compared(rows: int) -> Reasons:
    """The champion's answers cannot be ranked."""
    return (
        f"The champion could not be ranked on these {_count(rows)}: its scores are missing or all the same.",
        "Scores of both models on the same test rows would settle it.",
    )


def too_wide(comparison: Comparison, posterior: Posterior, policy: PromotionPolicy) -> Reasons:
    """The interval holds zero and is wider than the policy takes for an answer."""
    half = policy.widest_interval / 2 / z_score(policy.confidence)
    room = half**2 - posterior.noise**2
    needed = math.ceil(comparison.n * comparison.standard_error**2 / room) if room > 0 else None
    more = (
        f"about {rounded_up(needed)} test rows would be enough" if needed else "raise widest_interval above the noise"
    )
    return (
        f"These {_count(comparison.n)} cannot tell: {_gain(comparison)}, with week noise "
        f"{posterior.low_measured:+.4f} to {posterior.high_measured:+.4f}.",
        f"An interval around zero may be {policy.widest_interval:g} wide at most; {more}.",
    )


def measured(comparison: Comparison, posterior: Posterior) -> str:
    """The comparison in one sentence: both values, rows, measured and shrunken gain with their intervals."""
    title = metric_title(comparison.metric)
    values = f"{title} {comparison.candidate:.4f} against {comparison.champion:.4f} on {_count(comparison.n)}"
    if comparison.standard_error == 0:
        return f"Candidate and champion answer alike: {values}."
    better = "better" if posterior.mean > 0 else "worse"
    return (
        f"The candidate is {better} than the champion with a chance of {_chance(posterior)}: "
        f"{values}, {_gain(comparison)}; shrunken by history {posterior.mean:+.4f} "
        f"({posterior.low:+.4f} to {posterior.high:+.4f})."
    )


def holding(rung: Rung, facts: Mapping[str, float], policy: PromotionPolicy) -> Reasons:
    """Which rung held, and which of its claims is nearest to failing."""
    claims = [claim(condition, facts, policy) for condition in rung.when]
    rooms = [(left, item) for item in rung.when if (left := room(item, facts, policy)) is not None]
    nearest = min(rooms, key=lambda pair: pair[0], default=None)
    waits = " A person decides." if rung.decision == "manual" else ""
    change = ""
    if nearest is not None:
        less = amount(nearest[1], nearest[0])
        change = f" It would not hold with a {measure_title(nearest[1], policy)} lower by {less}."
    return (f"Rule {rung.name}: {'; '.join(claims)}.{waits}{change}",)


def failing(facts: Mapping[str, float], policy: PromotionPolicy) -> Reasons:
    """Which claims of each rung do not hold."""
    parts = [f"{rung.name} needs {'; '.join(refuted(rung, facts, policy))}" for rung in policy.rungs]
    return (f"No rule holds: {', and '.join(parts)}.",)


def undecidable(facts: Mapping[str, float], policy: PromotionPolicy) -> Reasons:
    """Which claim of the first rung that may hold cannot be told."""
    rung = next(
        rung for rung in policy.rungs if climb((rung,), facts, primary=policy.metric, bounds=policy.bounds) == UNKNOWN
    )
    missing = [phrase(item, policy) for item in rung.when if math.isnan(facts.get(item.fact(policy.metric), math.nan))]
    return (f"Rule {rung.name} cannot be decided: {'; '.join(missing)} is not known on these rows. More would tell.",)


def guarded(guardrails: Sequence[Guardrail], segments: Sequence[Segment]) -> Reasons:
    """Which guardrails and segments are broken or cannot tell; nothing where all is well."""
    found = [(item.state, metric_title(item.name), item.gain, item.margin, item.candidate) for item in guardrails]
    found += [
        (item.state, f"Spearman of {item.name} ({item.n:,} rows)", item.gain, item.margin, item.candidate)
        for item in segments
        if item.state == "broken"
    ]
    return tuple(
        f"Guardrail {name} {'is broken' if state == 'broken' else 'cannot tell'}: "
        f"{f'{value:.4g}' if gain is None else f'change {gain:+.4f} (better is positive)'}, margin {margin:.4g}."
        for state, name, gain, margin, value in found
        if state != "holds"
    )


def what_would_help(comparison: Comparison, posterior: Posterior, policy: PromotionPolicy) -> Reasons:
    """How many rows, or how large a measured gain, would have changed the verdict to keep."""
    if comparison.standard_error == 0:
        return ("Only a candidate that answers differently can gain anything.",)
    gain, needed = comparison.gain[0], needed_gain(comparison, posterior, policy)
    rows = rows_needed(comparison, gain=gain) if gain > 0 else None
    said = []
    if needed is not None and needed > gain:
        said.append(f"On {comparison.n:,} rows a measured gain above {needed:+.4f} would have been needed.")
    if rows is not None and rows > comparison.n:
        said.append(f"About {rounded_up(rows)} test rows would show a gain of this size in four weeks of five.")
    return tuple(said)


def rounded_up(rows: int) -> str:
    """A number of rows to two digits, rounded up."""
    step = 10 ** max(len(str(rows)) - 2, 0)
    return f"{-(-rows // step) * step:,}"


def _gain(comparison: Comparison) -> str:
    gain, low, high = comparison.gain
    return f"a measured gain of {gain:+.4f} ({comparison.confidence * 100:g} % interval {low:+.4f} to {high:+.4f})"


def _chance(posterior: Posterior) -> str:
    """The chance that the true gain has the sign of the shrunken one."""
    chance = NormalDist().cdf(abs(posterior.mean) / posterior.standard_deviation)
    return "over 99 %" if chance > 0.99 else f"{chance * 100:.0f} %"


def _share(policy: PromotionPolicy) -> str:
    return f"{policy.confidence * 100:g} %"


def _count(rows: int) -> str:
    return f"{rows:,} test rows"
