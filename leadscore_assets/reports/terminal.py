"""An evaluation for a terminal: the verdict, the numbers and what they rest on, in plain text."""

import textwrap

from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports import numbers
from leadscore_assets.reports.numbers import Line

_WIDTH = 96


def comparison_text(evaluation: Evaluation) -> str:
    """Return lines of at most 96 characters, without colours, ending without a newline."""
    found = numbers.lines(evaluation)
    heading = f"{numbers.decision(evaluation)}: week {evaluation.subject.week}"
    reasons = [textwrap.fill(reason, _WIDTH) for reason in evaluation.verdict.reasons]
    compared = bool(evaluation.champion_metrics)
    return "\n".join([heading, *reasons, "", *_table(found, compared=compared), "", *_footing(evaluation)])


def _table(found: list[Line], *, compared: bool) -> list[str]:
    head = f"{'':<22}{'champion':>10}{'candidate':>11}{'change':>10}" if compared else f"{'':<22}{'candidate':>11}"
    return [head, *(_row(line, compared=compared) for line in found)]


def _row(line: Line, *, compared: bool) -> str:
    name = f"{line.metric.title:<20}{line.metric.arrow:<2}"
    if not compared:
        return f"{name}{line.candidate:>11}"
    return f"{name}{line.champion:>10}{line.candidate:>11}{line.change:>10}  {line.trend}".rstrip()


def _footing(evaluation: Evaluation) -> list[str]:
    return [
        f"{evaluation.rows:,} test rows of {numbers.span(evaluation)}; positive means {evaluation.outcome}.",
        f"Candidate {evaluation.subject.candidate_digest[:12]}; champion {numbers.champion_name(evaluation)}.",
        "↑ higher is better, ↓ lower is better. Only Spearman decides; the other numbers describe.",
    ]
