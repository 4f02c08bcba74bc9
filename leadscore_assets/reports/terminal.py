"""An evaluation for a terminal: the verdict, the numbers and what they rest on, in plain text."""

import textwrap

from leadscore_assets.domain.claims import metric_title
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports import numbers
from leadscore_assets.reports.numbers import Guard, Line

_WIDTH = 96


def comparison_text(evaluation: Evaluation) -> str:
    """Return lines of at most 96 characters, without colours, ending without a newline."""
    found = numbers.lines(evaluation)
    heading = f"{numbers.decision(evaluation)}: week {evaluation.subject.week}"
    reasons = [textwrap.fill(reason, _WIDTH) for reason in evaluation.verdict.reasons]
    compared = bool(evaluation.champion_metrics)
    parts = [[heading, *reasons], _gains(evaluation), _table(found, compared=compared), _guards(evaluation)]
    return "\n\n".join("\n".join(part) for part in [*parts, _footing(evaluation)] if part)


def _gains(evaluation: Evaluation) -> list[str]:
    return [f"{name:<22}{value}" for name, value in numbers.gains(evaluation)]


def _guards(evaluation: Evaluation) -> list[str]:
    found = numbers.guards(evaluation)
    head = f"{'must not get worse':<34}{'gain':>9}  {'interval':<20}{'margin':>12}"
    return [head, *map(_guard, found)] if found else []


def _guard(item: Guard) -> str:
    name = f"{item.title} {item.note}".strip()[:33]
    return f"{name:<34}{item.change:>9}  {item.interval:<20}{item.margin:>12}  {item.shown}"


def _table(found: list[Line], *, compared: bool) -> list[str]:
    head = f"{'':<22}{'champion':>10}{'candidate':>11}{'change':>10}" if compared else f"{'':<22}{'candidate':>11}"
    return [head, *(_row(line, compared=compared) for line in found)]


def _row(line: Line, *, compared: bool) -> str:
    name = f"{line.metric.title:<20}{line.metric.arrow:<2}"
    if not compared:
        return f"{name}{line.candidate:>11}"
    return f"{name}{line.champion:>10}{line.candidate:>11}{line.change:>10}  {line.trend}".rstrip()


def _footing(evaluation: Evaluation) -> list[str]:
    decides = metric_title(evaluation.terms["metric"])
    return [
        f"{evaluation.rows:,} test rows of {numbers.span(evaluation)}; positive means {evaluation.outcome}.",
        f"Candidate {evaluation.subject.candidate_digest[:12]}; champion {numbers.champion_name(evaluation)}.",
        f"↑ higher is better, ↓ lower is better. {decides} decides; the other numbers describe.",
    ]
