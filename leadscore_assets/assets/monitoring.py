"""Monitoring: what a week looked like, and whether it is still what the champion learnt from."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import bars
from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.served import ServedWeek
from leadscore_assets.steps.drifting import evidently_path, page_path, report_drift
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_path, profile_week
from leadscore_assets.steps.serving_records import record_served

_SHOWN = 20


@weekly_asset(deps=["weekly_leads"], group_name="monitoring", kinds={"json", "parquet"})
def lead_profile(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's mergeable summary of every feature, with the champion's scores by day.

    Any span of weeks is a sum of profiles, so that no question about drift reads old rows. A sample of at most 2,000
    coded rows, without key, moment or label, lies beside it for the domain classifier.
    """
    week = week_in(context)
    with told_apart():
        found = profile_week(platform, week)
        path = platform.lake.local_path(profile_path(week))
    missing = {name: 100 * item.missing for name, item in found.profile.features.items() if item.missing}
    shares = {name: value / max(found.profile.rows, 1) for name, value in missing.items()}
    return dg.MaterializeResult(
        data_version=dg.DataVersion(found.profile.digest),
        metadata={
            "dagster/row_count": found.profile.rows,
            "features": len(found.profile.features),
            "bytes": path.stat().st_size,
            "profile": dg.MetadataValue.path(path),
            "sampled_rows": found.sample.rows if found.sample else 0,
            "scored_days": len(found.scores),
            "missing": dg.MetadataValue.md(bars(dict(sorted(shares.items())), unit="% missing")),
        },
    )


@weekly_asset(group_name="monitoring", kinds={"parquet", "json"})
def served_leads(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's answers of the endpoint as counts by day, variant, version and band, with a histogram of scores.

    Read from the endpoint's captures, production and shadow apart; nothing of a single lead is kept.
    """
    week = week_in(context)
    with told_apart():
        found = record_served(platform, week)
    if platform.captures is None:
        context.log.info("No captures are read here, so nothing is known of single answers.")
    share = found.scored_share
    return dg.MaterializeResult(
        data_version=dg.DataVersion(found.table.sha256),
        metadata={
            "dagster/row_count": found.table.rows,
            "answers": found.answers,
            "unreadable": found.unreadable,
            "table": found.table.path,
            "days": dg.MetadataValue.table(_answers(found)),
            **({"scored_share": share} if share is not None else {}),
        },
    )


@weekly_asset(deps=["lead_profile", "served_leads"], group_name="monitoring", kinds={"report"})
def drift_report(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's verdict on drift: against what the champion learnt from, or the weeks before, with a page.

    An alarm may start a retraining; it never promotes anything.
    """
    week = week_in(context)
    with told_apart():
        report = report_drift(platform, week)
        page, evidently = (platform.lake.local_path(path(week)) for path in (page_path, evidently_path))
    return dg.MaterializeResult(
        data_version=dg.DataVersion(report.digest),
        metadata={
            "verdict": report.verdict.decision,
            "because": report.verdict.sentence,
            "page": dg.MetadataValue.path(page),
            "evidently": dg.MetadataValue.path(evidently),
            "leads": report.rows,
            "reference_leads": report.reference_rows,
            "alarms": len(report.named("alarm")),
            "watched": len(report.named("watch")),
            "share_of_gain_that_drifted": report.weight,
            "features": dg.MetadataValue.table(_table(report)),
            **({"served": report.served.sentence} if report.served else {}),
        },
    )


def _answers(found: ServedWeek) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "day": f"{item.day}",
                "role": item.role,
                "variant": item.variant,
                "version": item.version or 0,
                "answers": item.answers,
                "unscored": item.unscored,
                "mean": "-" if item.mean is None else f"{item.mean:.4f}",
                "bands": ", ".join(f"{name} {count:,}" for name, count in item.bands.items()),
            }
        )
        for item in found.days
    ] or [dg.TableRecord({"day": "nothing was captured"})]


def _table(report: DriftReport) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "feature": item.name,
                "severity": item.severity,
                "distance": round(item.distance, 4),
                "bound": round(item.bound, 4),
                "psi": round(item.psi, 4),
                "psi_by_chance": round(item.psi_chance, 4),
                "because": "; ".join(item.findings),
            }
        )
        for item in report.features[:_SHOWN]
    ] or [dg.TableRecord({"feature": "none judged"})]


ASSETS = [lead_profile, served_leads, drift_report]
