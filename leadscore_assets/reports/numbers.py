"""An evaluation's metrics as a table: what each is called, which way is better, and how it changed."""

from dataclasses import dataclass
from typing import Literal

from leadscore_assets.domain.claims import metric_title
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.guardrails import Guardrail
from leadscore_assets.domain.segments import Segment

Trend = Literal["better", "worse", "same", ""]
DECISIONS = {
    "promote": "Promote the candidate",
    "manual": "Ask a person",
    "keep": "Keep the champion",
    "not_yet": "No verdict yet",
}
STATES = {"holds": "holds", "broken": "broken", "unclear": "cannot tell"}


@dataclass(frozen=True)
class Metric:
    """A metric's name for people; `higher` says whether more is better, `of` what it is measured against."""

    key: str
    title: str
    meaning: str
    of: Literal["label", "outcome", "chance"]
    higher: bool = True

    @property
    def arrow(self) -> str:
        """The better direction as a sign."""
        return "↑" if self.higher else "↓"


METRICS = (
    Metric("spearman", "Spearman", "agreement of the two orders", "label"),
    Metric("mae", "MAE", "mean absolute error", "label", higher=False),
    Metric("rmse", "RMSE", "root mean squared error", "label", higher=False),
    Metric("exact_match", "Exact match", "rounded score is the label", "label"),
    Metric("auc", "AUC", "a positive lead outscores a negative one", "outcome"),
    Metric("precision", "Precision", "positives among the predicted", "outcome"),
    Metric("recall", "Recall", "positives that were predicted", "outcome"),
    Metric("f1", "F1", "precision and recall in one", "outcome"),
    Metric("accuracy", "Accuracy", "predictions that were right", "outcome"),
    Metric("precision_top_decile", "Precision, top 10\u00a0%", "positives among the best tenth", "outcome"),
    Metric("lift_top_decile", "Lift, top 10\u00a0%", "times better than chance", "outcome"),
    Metric("log_loss", "Log loss", "cost of the stated chances", "chance", higher=False),
    Metric("brier", "Brier", "squared error of the chances", "chance", higher=False),
)


@dataclass(frozen=True)
class Line:
    """One metric of both models as text; a dash stands for what the rows do not define."""

    metric: Metric
    champion: str
    candidate: str
    change: str
    trend: Trend


@dataclass(frozen=True)
class Guard:
    """One guardrail or segment as text; `state` is holds, broken or unclear, `shown` the same for people."""

    title: str
    note: str
    champion: str
    candidate: str
    change: str
    interval: str
    margin: str
    state: str
    shown: str


def guards(evaluation: Evaluation) -> list[Guard]:
    """Return the guardrails, then the segments, best known first."""
    return [*map(_guardrail, evaluation.guardrails), *map(_segment, evaluation.segments)]


def gains(evaluation: Evaluation) -> list[tuple[str, str]]:
    """Return the gain as names and values: measured, with week noise, shrunken, and the history behind it."""
    comparison, shrunken = evaluation.comparison, evaluation.posterior
    if comparison is None or shrunken is None:
        return []
    gain, low, high = comparison.gain
    weeks = _counted(shrunken.weeks, "past week") if shrunken.weeks else "start values; no past weeks yet"
    pairs = (
        _counted(shrunken.repeats, "repeated comparison")
        if shrunken.repeats
        else "start value; no comparison repeated yet"
    )
    found = [
        ("Measured gain", f"{gain:+.4f} ({low:+.4f} to {high:+.4f}) on {comparison.n:,} rows"),
        ("With week noise", f"{gain:+.4f} ({shrunken.low_measured:+.4f} to {shrunken.high_measured:+.4f})"),
        ("Shrunken gain", f"{shrunken.mean:+.4f} ({shrunken.low:+.4f} to {shrunken.high:+.4f})"),
        ("Week noise (tau)", f"{shrunken.noise:.4f}, from {pairs}"),
        ("Retrainings bring", f"{shrunken.prior_mean:+.4f} ± {shrunken.prior_sd:.4f}, from {weeks}"),
    ]
    return [*found, *_held_up(evaluation)]


def lines(evaluation: Evaluation) -> list[Line]:
    """Return a line for every metric that either model has."""
    mine, theirs = evaluation.candidate_metrics, evaluation.champion_metrics
    return [
        _line(metric, mine.get(metric.key), theirs.get(metric.key)) for metric in METRICS if metric.key in mine | theirs
    ]


def decision(evaluation: Evaluation) -> str:
    """Return the verdict in three words; without a champion, keeping means that nothing is promoted."""
    if evaluation.verdict.decision == "keep" and evaluation.subject.champion_digest is None:
        return "Do not promote"
    return DECISIONS[evaluation.verdict.decision]


def span(evaluation: Evaluation) -> str:
    """Return the test days in words."""
    days = evaluation.days
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} to {days[-1]} ({len(days)} days)"


def champion_name(evaluation: Evaluation) -> str:
    """Return the champion as version and short digest, or what stands in its place."""
    subject = evaluation.subject
    if subject.champion_digest is None:
        return "none"
    version = "" if subject.champion_version is None else f"version {subject.champion_version}, "
    return f"{version}{subject.champion_digest[:12]}"


def _line(metric: Metric, mine: float | None, theirs: float | None) -> Line:
    if mine is None or theirs is None:
        return Line(metric, _shown(theirs), _shown(mine), "", "")
    change = round(mine - theirs, 4)
    trend: Trend = "same" if change == 0 else "better" if (change > 0) == metric.higher else "worse"
    return Line(metric, _shown(theirs), _shown(mine), f"{change:+.4f}" if change else "0.0000", trend)


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _guardrail(found: Guardrail) -> Guard:
    title, state = metric_title(found.name), STATES[found.state]
    if found.limit or found.gain is None:
        limit = f"at most {found.margin:g}"
        return Guard(
            "Latency p99, ms", "one lead alone", "", f"{found.candidate:.1f}", "", "", limit, found.state, state
        )
    return Guard(
        title,
        "",
        _shown(found.champion),
        _shown(found.candidate),
        f"{found.gain:+.4f}",
        f"{found.low:+.4f} to {found.high:+.4f}",
        f"{-found.margin:+.4f}",
        found.state,
        state,
    )


def _segment(found: Segment) -> Guard:
    return Guard(
        found.name,
        f"Spearman, {found.n:,} rows",
        _shown(found.champion),
        _shown(found.candidate),
        f"{found.gain:+.4f}",
        f"{found.low:+.4f} to {found.high:+.4f}",
        f"{-found.margin:+.4f}",
        found.state,
        STATES[found.state],
    )


def _counted(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _held_up(evaluation: Evaluation) -> list[tuple[str, str]]:
    """What became of the last week's gain on this week's rows."""
    past = evaluation.repeated
    if past is None or past.repeated is None:
        return []
    return [(f"Week {past.week} again", f"{past.gain:+.4f} then, {past.repeated:+.4f} on this week's rows")]
