"""What a trained week is reported as: rows, Spearman, verdict or the reason it stopped."""

from typing import Any

from leadscore_assets.commands.output import say, say_table
from leadscore_assets.commands.running import Outcome
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.steps.judging import stored_evaluation
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import why_not_packaged

COLUMNS = ("week", "train rows", "test rows", "spearman", "champion", "verdict", "version")


def verdict(platform: Platform, outcome: Outcome) -> dict[str, Any]:
    """Describe one week's run as a JSON object."""
    found: dict[str, Any] = {"week": f"{outcome.week}", "run_id": outcome.run_id, "success": outcome.success}
    found["problems"] = list(outcome.problems)
    if outcome.week is None or "evaluation_report" not in outcome.materialized:
        return found
    try:
        evaluation = stored_evaluation(platform, outcome.week)
    except LeadscoreError as error:
        return found | {"problems": [*outcome.problems, f"{error}"]}
    package = platform.registry.find(evaluation.subject.candidate_digest)
    refusal = why_not_packaged(platform, outcome.week) if evaluation.verdict.decision == "promote" else ""
    return found | {
        "bundle": evaluation.subject.candidate_digest,
        "trained_rows": evaluation.subject.trained_rows,
        "test_rows": evaluation.rows,
        "metrics": evaluation.candidate_metrics,
        "champion_metrics": evaluation.champion_metrics,
        "decision": evaluation.verdict.decision,
        "rule": evaluation.verdict.rule,
        "reasons": [*evaluation.verdict.reasons, *([f"Not released: {refusal}."] if refusal else [])],
        "version": package.version if package else None,
        "semver": package.semver if package else None,
    }


def say_verdicts(found: list[dict[str, Any]]) -> None:
    """Print the weeks as a table, and below it why any of them stopped."""
    say_table(COLUMNS, [_row(item) for item in found])
    for item in found:
        for problem in item["problems"]:
            say(problem if problem.startswith("week ") else f"week {item['week']}: {problem}")


def _row(item: dict[str, Any]) -> list[Any]:
    if "decision" not in item:
        return [item["week"], None, None, None, None, "failed", None]
    metrics, champion = item["metrics"], item["champion_metrics"]
    version = f"{item['version']} ({item['semver']})" if item["version"] else None
    verdict_text = f"{item['decision']} ({item['rule']})" if item["success"] else f"failed ({item['rule']})"
    return [
        item["week"],
        item["trained_rows"],
        item["test_rows"],
        metrics.get("spearman"),
        champion.get("spearman"),
        verdict_text.replace("_", " "),
        version,
    ]
