"""The evaluation page: one static HTML file that needs no script, no network and no other file."""

from functools import cache
from typing import TYPE_CHECKING

from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports import numbers
from leadscore_assets.reports.charts import Chart, charts, verdict_strip

if TYPE_CHECKING:
    from jinja2 import Environment


def evaluation_page(evaluation: Evaluation) -> str:
    """Return the page as HTML text; the same evaluation gives the same bytes."""
    return (
        _templates()
        .get_template("evaluation.html")
        .render(
            evaluation=evaluation,
            subject=evaluation.subject,
            verdict=evaluation.verdict,
            decision=numbers.decision(evaluation),
            columns=_columns(evaluation),
            glance=_glance(evaluation),
            strip=verdict_strip(evaluation),
            charts=charts(evaluation),
            facts=_facts(evaluation),
        )
    )


def _columns(evaluation: Evaluation) -> list[list[tuple[str, list[numbers.Line]]]]:
    """Two columns of headed tables, about equally long; tables without a line are left out."""
    found = numbers.lines(evaluation)
    outcome = evaluation.outcome
    headings = {"label": f"Against {evaluation.subject.label_name}", "chance": f"Chance of {outcome}"}
    both = (headings, {"outcome": f"Against {outcome}"})
    parts = [[(name, [line for line in found if line.metric.of == of]) for of, name in part.items()] for part in both]
    return [[table for table in tables if table[1]] for tables in parts]


def _glance(evaluation: Evaluation) -> tuple[str, str] | None:
    """The one number to see first and what it is; None where Spearman cannot be measured."""
    comparison, share = evaluation.comparison, f"{evaluation.terms['confidence'] * 100:g} % interval"
    if comparison is not None:
        span = f"{share} {comparison.low:+.4f} to {comparison.high:+.4f}"
        return f"{comparison.difference:+.4f}", f"gain in Spearman, {span}"
    if not evaluation.interval:
        return None
    low, high = evaluation.interval
    return f"{evaluation.candidate_metrics['spearman']:.4f}", f"Spearman, {share} {low:.4f} to {high:.4f}"


def _facts(evaluation: Evaluation) -> list[tuple[str, str]]:
    """What was judged on what terms, as names and values."""
    subject, terms = evaluation.subject, evaluation.terms
    champion = numbers.champion_name(evaluation)
    learnt = f"{subject.trained_rows:,} rows" if subject.trained_rows else "not recorded"
    if subject.trained_first and subject.trained_last:
        learnt += f" of {subject.trained_first} to {subject.trained_last}"
    times = "once" if subject.judged == 1 else f"{subject.judged} times"
    bound = f"above {terms['minimum_gain']:g}" if terms["minimum_gain"] else "above zero"
    return [
        ("Test rows", f"{evaluation.rows:,}"),
        ("Test days", numbers.span(evaluation)),
        ("Judged on these rows", times),
        ("Candidate learnt from", learnt),
        ("Positive means", f"{evaluation.outcome}; predicted at a score of {terms['score_threshold']:g} or more"),
        ("Rule", f"the {terms['confidence'] * 100:g} % interval of the Spearman gain lies {bound}"),
        ("Floor", f"Spearman of at least {terms['spearman_floor']:g}"),
        ("Candidate", subject.candidate_digest),
        ("Champion", champion if subject.champion_digest is None else _whole(champion, subject.champion_digest)),
        ("Policy", subject.policy_digest or "not recorded"),
        ("Evaluation", evaluation.digest),
    ]


def _whole(name: str, digest: str) -> str:
    return name.replace(digest[:12], digest)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(
        loader=PackageLoader("leadscore_assets.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def drawn(chart: Chart) -> Markup:
        return Markup(chart.svg())  # noqa: S704 - the SVG is drawn here, and its texts are escaped

    found.filters["drawn"] = drawn
    return found
