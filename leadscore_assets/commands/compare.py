"""`leadscore compare`: any two bundles on any file of labelled leads."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import check_folder, json_option, say, say_json, write_file
from leadscore_assets.domain import bundle
from leadscore_assets.domain.calendar import week_of
from leadscore_assets.domain.claims import metric_title
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.evaluation import Evaluation, JudgedRows, Subject, build_evaluation
from leadscore_assets.domain.labelled import labelled
from leadscore_assets.domain.ladder import METRICS
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.segments import segment_columns
from leadscore_assets.reports.page import evaluation_page
from leadscore_assets.reports.terminal import comparison_text
from leadscore_assets.resources import open_platform, open_sample
from leadscore_assets.settings import Settings
from leadscore_assets.steps.answering import answers
from leadscore_assets.steps.evaluating import judged_rows
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.reading import NamedBundle, check_leads, find_bundle


@click.command("compare")
@click.argument("candidate")
@click.argument("champion")
@click.option("--data", required=True, metavar="FILE_OR_FOLDER", help="Labelled leads: Parquet or CSV.")
@click.option("--metric", type=click.Choice(METRICS), help="What gains are counted in; the policy's by default.")
@click.option("--threshold", type=float, help="The gain to be shown, in the metric's own unit: sets the exit code.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the page with pictures here.")
@json_option
@click.pass_context
def command(  # noqa: PLR0913 - one parameter an option of the command line
    ctx: click.Context,
    *,
    candidate: str,
    champion: str,
    data: str,
    metric: str | None,
    threshold: float | None,
    html: Path | None,
    as_json: bool,
) -> None:
    """Compare two bundles on the same labelled leads: CANDIDATE against CHAMPION.

    A bundle is named by 'champion', its version, its week, or the beginning of its digest. With --threshold the exit
    code is 0 when the whole interval of the gain lies at or above it, and 1 otherwise. Better is positive, for errors
    too.

    \b
    Example:
      leadscore compare 2 1 --data newest_leads.parquet
      leadscore compare 2026-03-23 champion --data leads/ --html comparison.html
      leadscore compare 2 1 --data newest_leads.parquet --metric auc --threshold 0.01
    """
    check_folder(html)
    settings = open_home(ctx)
    platform = open_platform(settings)
    rules = platform.policy.promotion
    rules = rules.model_copy(update={"metric": metric}) if metric else rules
    bundles = (find_bundle(platform, candidate), find_bundle(platform, champion))
    evaluation = _compare(platform, bundles, data, rules, settings=settings)
    if html:
        write_file(html, evaluation_page(evaluation).encode())
    passed = None if threshold is None else _reaches(evaluation, threshold)
    if as_json:
        say_json({"threshold": threshold, "passed": passed, **evaluation.to_json()})
    else:
        _say(evaluation, threshold, html)
    if passed is False:
        sys.exit(1)


def _say(evaluation: Evaluation, threshold: float | None, html: Path | None) -> None:
    say(comparison_text(evaluation))
    if threshold is not None:
        say(_threshold_text(evaluation, threshold))
    if html:
        say(f"Page: {html}")


def _reaches(evaluation: Evaluation, threshold: float) -> bool:
    return evaluation.comparison is not None and evaluation.comparison.gain[1] >= threshold


def _threshold_text(evaluation: Evaluation, threshold: float) -> str:
    comparison = evaluation.comparison
    if comparison is None:
        return f"Threshold {threshold:g}: not reached, the two models could not be compared on these rows."
    gain, low, high = comparison.gain
    reached = "reached" if _reaches(evaluation, threshold) else "not reached"
    title = metric_title(comparison.metric)
    return f"Threshold {threshold:g}: {reached}. Gain in {title} {gain:+.4f} ({low:+.4f} to {high:+.4f})."


def _newer_than_both(platform: Platform, bundles: tuple[NamedBundle, ...], first_day: Any) -> bool:
    """Say whether every row is newer than what either bundle learnt from."""
    lineages = [bundle.document(bundle.read(platform.bundles.path(b.digest))[1], bundle.LINEAGE) for b in bundles]
    return f"{first_day}" > max(lineage["validated_until"] for lineage in lineages)


def _compare(
    platform: Platform,
    bundles: tuple[NamedBundle, NamedBundle],
    data: str,
    rules: PromotionPolicy,
    *,
    settings: Settings,
) -> Evaluation:
    candidate, champion = [
        Scorer.open(platform.bundles.path(item.digest), digest=item.digest, threads=0) for item in bundles
    ]
    contract = candidate.contract
    if contract.digest != champion.contract.digest:
        raise InvalidInput("the two bundles were trained under different contracts; compare bundles of one contract")
    part = labelled(check_leads(open_sample(data, settings), contract, place=data, labelled=True).good, contract)
    if not len(part.labels):
        raise InvalidInput(f"{data} holds no row with a {contract.label}; give labelled leads")
    rows = judged_rows(
        part,
        contract.created_at,
        has_outcome=contract.outcome is not None,
        segments=segment_columns(contract, rules),
    )
    return build_evaluation(
        subject=_subject(platform, bundles, contract, rows),
        rows=rows,
        candidate=answers(candidate, part.table),
        champion=answers(champion, part.table),
        policy=rules,
    )


def _subject(
    platform: Platform, bundles: tuple[NamedBundle, NamedBundle], contract: Contract, rows: JudgedRows
) -> Subject:
    candidate, champion = bundles
    return Subject(
        week=week_of(date.fromisoformat(f"{max(rows.day)}")),
        candidate_digest=candidate.digest,
        champion_digest=champion.digest,
        champion_version=champion.version or None,
        comparable=_newer_than_both(platform, bundles, min(rows.day)),
        policy_digest=platform.policy.digest,
        label_name=contract.label,
        label_minimum=contract.label_minimum,
        label_maximum=contract.label_maximum,
        outcome_name=contract.outcome,
    )
