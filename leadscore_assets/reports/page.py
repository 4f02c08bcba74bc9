"""The evaluation page: one static HTML file that needs no script, no network and no other file."""

from leadscore_assets.domain.claims import metric_title, rule_phrase
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.reports import numbers
from leadscore_assets.reports.charts import charts, verdict_strip
from leadscore_assets.reports.templating import templates


def evaluation_page(evaluation: Evaluation) -> str:
    """Return the page as HTML text; the same evaluation gives the same bytes."""
    return (
        templates()
        .get_template("evaluation.html")
        .render(
            evaluation=evaluation,
            subject=evaluation.subject,
            verdict=evaluation.verdict,
            decision=numbers.decision(evaluation),
            columns=_columns(evaluation),
            decides=metric_title(evaluation.terms["metric"]),
            glance=_glance(evaluation),
            strip=verdict_strip(evaluation),
            charts=charts(evaluation),
            guards=numbers.guards(evaluation),
            gains=numbers.gains(evaluation),
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


def _glance(evaluation: Evaluation) -> tuple[str, ...] | None:
    """The one number to see first and what it is, line by line; None where Spearman cannot be measured."""
    comparison, shrunken = evaluation.comparison, evaluation.posterior
    share = f"{evaluation.terms['confidence'] * 100:g} % interval"
    if comparison is not None and shrunken is not None:
        gain, low, high = comparison.gain
        return (
            f"{shrunken.mean:+.4f}",
            f"gain in {metric_title(comparison.metric)} shrunken by history, "
            f"{share} {shrunken.low:+.4f} to {shrunken.high:+.4f}",
            f"measured {gain:+.4f} ({low:+.4f} to {high:+.4f}) on {comparison.n:,} rows",
        )
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
    return [
        ("Test rows", f"{evaluation.rows:,}"),
        ("Test days", numbers.span(evaluation)),
        ("Judged on these rows", times),
        ("Candidate learnt from", learnt),
        *_learners(subject.learners),
        *_search(subject.optimism),
        ("Positive means", f"{evaluation.outcome}; predicted at a score of {terms['score_threshold']:g} or more"),
        ("Rule", _rule(PromotionPolicy.model_validate(terms))),
        ("Floor", f"Spearman of at least {terms['spearman_floor']:g}"),
        ("Fewest test rows", f"{terms['minimum_rows']:,}"),
        ("Candidate", subject.candidate_digest),
        ("Champion", champion if subject.champion_digest is None else _whole(champion, subject.champion_digest)),
        ("Policy", subject.policy_digest or "not recorded"),
        ("Evaluation", evaluation.digest),
    ]


def _learners(found: dict[str, float | None]) -> list[tuple[str, str]]:
    """Which learner won on validation, and what the others reached there."""
    if not found:
        return []
    shown = [f"{name} {'not measurable' if value is None else f'{value:.4f}'}" for name, value in found.items()]
    return [("Learner, Spearman on validation", f"{shown[0]} won" + (f"; {', '.join(shown[1:])}" if shown[1:] else ""))]


def _search(optimism: float | None) -> list[tuple[str, str]]:
    if optimism is None:
        return []
    return [("Search", f"the best trial's Spearman was {optimism:+.4f} above its own on validation")]


def _rule(policy: PromotionPolicy) -> str:
    """Every rung in words, under the name of its preset."""
    return f"preset {policy.preset}, {rule_phrase(policy)}"


def _whole(name: str, digest: str) -> str:
    return name.replace(digest[:12], digest)
