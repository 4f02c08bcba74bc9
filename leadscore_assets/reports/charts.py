"""Which pictures an evaluation shows, in order, each with a title, what to look for, and its finding in words."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from leadscore_assets.domain.claims import metric_title
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports import paint
from leadscore_assets.reports.figures import draw_svg


@dataclass(frozen=True)
class Chart:
    """One picture: `look` says what to look for, `alt` what it shows, `height` is in inches."""

    name: str
    title: str
    look: str
    alt: str
    paint: Callable[[Any], None]
    height: float = 3.1

    def svg(self) -> str:
        """Draw it for a page."""
        return draw_svg(self.paint, name=self.name, alt=self.alt, height=self.height)


def charts(evaluation: Evaluation) -> list[Chart]:
    """Return the pictures that the evaluation has data for."""
    makers = (_score_by_label, _gain, _calibration, _confusion, _weekdays, _importance)
    return [chart for make in makers if (chart := make(evaluation)) is not None]


def verdict_strip(evaluation: Evaluation) -> Chart | None:
    """Return the one picture beside the verdict: the gain's interval, or a first model's own; None without either."""
    terms, comparison, shrunken = evaluation.terms, evaluation.comparison, evaluation.posterior
    if comparison is not None and shrunken is not None:
        title = metric_title(comparison.metric)
        gain, low, high = comparison.gain
        alt = (
            f"The measured gain in {title} is {gain:+.4f}, {low:+.4f} to {high:+.4f}; "
            f"shrunken by history {shrunken.mean:+.4f}, {shrunken.low:+.4f} to {shrunken.high:+.4f}"
        )
        draw = partial(paint.gains, measured=(low, gain, high), shrunken=shrunken, unit=f"gain in {title}")
        return Chart("strip", "Gain", "", alt, draw, height=1.35)
    if not evaluation.interval:
        return None
    low, high = evaluation.interval
    value = evaluation.candidate_metrics["spearman"]
    alt = f"The candidate's Spearman is {value:.4f}, {low:.4f} to {high:.4f}"
    draw = partial(paint.standing, interval=(low, value, high), floor=terms["spearman_floor"])
    return Chart("strip", "Spearman", "", alt, draw, height=1.05)


def _score_by_label(evaluation: Evaluation) -> Chart:
    table = evaluation.curves["score_by_label"]
    medians = [
        f"{name}: {value:.2f}" for name, value in zip(table["label"], table["p50"], strict=True) if value is not None
    ]
    label = evaluation.subject.label_name
    draw = partial(
        paint.score_by_label,
        quantiles=table,
        histogram=evaluation.curves["score_histogram"],
        label_name=label,
    )
    return Chart(
        "score-by-label",
        "Score by label",
        "Good: every shape sits higher than the one to its left, and bars overlap little.",
        f"Median score for each {label}, {', '.join(medians) or 'too few rows'}",
        draw,
    )


def _gain(evaluation: Evaluation) -> Chart | None:
    models = evaluation.curves["gain"]
    if not models["candidate"]["share"]:
        return None
    tenth = models["candidate"]["share"].index(0.1)
    found = models["candidate"]["reached"][tenth]
    return Chart(
        "gain",
        "Positives reached",
        f"The best 10 % of leads hold {found * 100:.0f} % of the positives; by chance it would be 10 %.",
        f"Cumulative gain: the candidate's best tenth of leads holds {found * 100:.0f} % of the positives",
        partial(paint.gain, models=models),
    )


def _calibration(evaluation: Evaluation) -> Chart | None:
    models = evaluation.curves["calibration"]
    mine = models["candidate"]
    if not mine["predicted"]:
        return None
    gap = sum(n * abs(a - b) for n, a, b in zip(mine["n"], mine["predicted"], mine["observed"], strict=True)) / sum(
        mine["n"]
    )
    shown = f"{gap * 100:.1f} percentage points" if mine["of"] == "probability" else f"{gap:.2f} points"
    return Chart(
        "calibration",
        "Calibration",
        f"Good: points lie on the diagonal. The candidate's are off by {shown} on average.",
        f"Predicted against observed in {len(mine['n'])} bins; the candidate is off by {shown} on average",
        partial(paint.calibration, models=models, outcome=evaluation.outcome, label_name=evaluation.subject.label_name),
    )


def _confusion(evaluation: Evaluation) -> Chart:
    table = evaluation.curves["confusion"]
    hits = sum(counts[place] for place, counts in enumerate(table["counts"])) / max(evaluation.rows, 1)
    label = evaluation.subject.label_name
    return Chart(
        "confusion",
        "Rounded score against label",
        f"Good: dark cells on the diagonal, where {hits * 100:.0f} % of the leads are; far corners stay empty.",
        f"Counts of leads by {label} and rounded score; {hits * 100:.0f} % lie on the diagonal",
        partial(paint.confusion, table=table, label_name=label),
    )


def _weekdays(evaluation: Evaluation) -> Chart | None:
    models = evaluation.curves["weekdays"]
    mine = models["candidate"]
    if not mine["weekday"]:
        return None
    found = [f"{day} {value:.3f}" for day, value in zip(mine["weekday"], mine["spearman"], strict=True)]
    return Chart(
        "weekdays",
        "Spearman by weekday",
        "Good: the days agree. A day far off the others points at odd leads, not at the model.",
        f"The candidate's Spearman by weekday: {', '.join(found)}",
        partial(paint.weekdays, models=models),
        height=min(1.6 + 0.5 * len(mine["weekday"]), 3.1),
    )


def _importance(evaluation: Evaluation) -> Chart | None:
    table = evaluation.curves["importance"]
    if not table["name"]:
        return None
    first = f"{table['name'][0]} with {table['gain'][0] * 100:.0f} % of the whole gain"
    return Chart(
        "importance",
        "What the model looks at",
        "Suspicious: one feature far above all others may know the outcome already.",
        f"The {len(table['name'])} strongest features, first {first}",
        partial(paint.importance, table=table),
        height=0.75 + 0.2 * len(table["name"]),
    )
