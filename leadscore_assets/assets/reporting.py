"""Reporting: what a week's list came to, what the live champion does, what a week took, and its page."""

from collections.abc import Iterator

import dagster as dg

from leadscore_assets.assets.dagster_facts import runs_between
from leadscore_assets.assets.declare import OWNER, Declaration, Weekly, told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import readable
from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.realised import Group
from leadscore_assets.steps.accompanying import look_at_champion
from leadscore_assets.steps.outcome_reports import page_path as outcome_page_path
from leadscore_assets.steps.outcome_reports import report_outcomes
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.week_index import INDEX, page_path
from leadscore_assets.steps.weekly_reporting import report_week


@weekly_asset(deps=["scored_leads"], group_name="monitoring", kinds={"report"})
def outcome_report(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's list as it came out: how the models that scored it did, and how its leads converted, with a page.

    Made once the week's outcomes are known, and again when late ones change it, by the scores that were shown first.
    """
    with told_apart():
        report = report_outcomes(platform, week_in(context))
        page = platform.lake.local_path(outcome_page_path(report.week))
    first = report.models[0].metrics if report.models else {}
    return dg.MaterializeResult(
        data_version=dg.DataVersion(report.digest),
        metadata={
            "dagster/row_count": report.rows,
            "because": report.sentence,
            "page": dg.MetadataValue.path(page),
            "matured": round(report.matured, 5),
            "left_out": report.learnt,
            "groups": dg.MetadataValue.table(_groups([*report.bands, *report.arms])),
            **({"lift": round(report.top.lift.value, 5)} if report.top and report.top.lift else {}),
            **readable({name: value for name, value in first.items() if name in ("spearman", "auc", "brier")}),
        },
    )


def release_watch(_: Weekly) -> dg.AssetsDefinition:
    """Declare the look at the live champion, which has no week."""

    @dg.asset(
        name="release_watch",
        deps=["endpoint"],
        group_name="monitoring",
        kinds={"json"},
        owners=[OWNER],
        output_required=False,
    )
    def _release_watch(platform: dg.ResourceParam[Platform]) -> Iterator[dg.MaterializeResult]:
        """The live champion at its last look: daily for a while after its close watch, then weekly."""
        with told_apart():
            seen = look_at_champion(platform)
        if seen is None:
            return
        usage = seen.usage
        yield dg.MaterializeResult(
            metadata={
                "version": seen.version,
                "because": seen.sentence,
                "stage": seen.look.stage,
                "number": seen.look.number,
                "requests": seen.requests,
                "errors": seen.errors,
                **({"p99_ms": round(seen.p99_ms, 3)} if seen.p99_ms is not None else {}),
                **({"megabytes": usage.megabytes, "cpu_seconds": usage.cpu_seconds} if usage else {}),
            }
        )

    return _release_watch


@weekly_asset(deps=["scored_leads", "drift_report"], group_name="monitoring", kinds={"report"})
def weekly_report(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week on one page: what was retrained and why or why not, verdicts, drift, outcomes, release, what it took."""
    week = week_in(context)
    with told_apart():
        runs = runs_between(context.instance, at_midnight(week), at_midnight(week + WEEK))
        report, untold = report_week(platform, week, runs)
        page, index = (platform.lake.local_path(path) for path in (page_path(week), INDEX))
    for problem in untold:
        context.log.warning(problem)
    cost = report.runs.cost
    return dg.MaterializeResult(
        metadata={
            "headline": report.headline,
            "because": report.sentence,
            "page": dg.MetadataValue.path(page),
            "all_weeks": dg.MetadataValue.path(index),
            "concerns": dg.MetadataValue.md("\n".join(f"- {item}" for item in report.concerns) or "none"),
            "runs": len(report.runs.runs),
            "failed_runs": len(report.runs.failed),
            "seconds": round(sum(run.seconds for run in report.runs.runs), 1),
            "cost": "unknown" if cost is None else round(cost, 4),
            **({"newest_lead_hours": report.leads.newest_hours} if report.leads.newest_hours is not None else {}),
            "weeks_missing": len(report.leads.missing),
        }
    )


def _groups(found: list[Group]) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "leads": item.name,
                "known": item.rows,
                "converted": item.conversions,
                "rate": f"{item.rate.value:.1%} ({item.rate.low:.1%} to {item.rate.high:.1%})" if item.rate else "-",
                "revenue a lead": f"{item.revenue.value:,.2f}" if item.revenue else "-",
            }
        )
        for item in found
    ] or [dg.TableRecord({"leads": "none whose outcome says anything"})]


ASSETS: list[Declaration] = [outcome_report, release_watch, weekly_report]
