"""The replay: what other policies would have made of the past."""

from base64 import b64encode
from datetime import date
from typing import Any

import dagster as dg

from leadscore_assets.assets.declare import OWNER, Declaration, Weekly, told_apart
from leadscore_assets.domain.calendar import parse_week
from leadscore_assets.domain.replay import NO_CANDIDATE, ReplayReport, repeated
from leadscore_assets.domain.replay_standings import Standing, standings
from leadscore_assets.reports.replay_numbers import sentence
from leadscore_assets.reports.replay_page import replay_png
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.replaying import PAGE, Listener, report_replay
from leadscore_assets.steps.replaying_question import HOME, ask_replay


class ReplayConfig(dg.Config):
    """Which policies decide which weeks again; empty weeks mean all that the ledger judged.

    A policy is `home`, a preset that is put on the home's policy, or a file.
    """

    policies: list[str] = [HOME]
    first: str = ""
    last: str = ""


def replay_report(_: Weekly) -> dg.AssetsDefinition:
    """Declare the replay, which is of many weeks and has none of its own."""
    deps = [dg.AssetDep("evaluation_report", partition_mapping=dg.AllPartitionMapping())]

    @dg.asset(name="replay_report", deps=deps, group_name="monitoring", kinds={"report"}, owners=[OWNER])
    def _replay_report(
        context: dg.AssetExecutionContext, config: ReplayConfig, platform: dg.ResourceParam[Platform]
    ) -> dg.MaterializeResult:
        """The past decided again under other policies: promotions, retrainings, cost, quality and regret, with a page.

        Missing models are trained; weeks that are not ingested are named. Nothing is registered or released.
        """
        with told_apart():
            question = ask_replay(platform, config.policies, _week(config.first), _week(config.last))
            report = report_replay(platform, question, Listener(on_line=context.log.info))
            page = platform.lake.local_path(PAGE)
        return dg.MaterializeResult(
            data_version=dg.DataVersion(report.digest),
            metadata={
                "because": sentence(report),
                "page": dg.MetadataValue.path(page),
                "policies": dg.MetadataValue.table(_table(report)),
                "weeks": f"{report.first} to {report.last}",
                "models": report.models,
                **{f"repeats ({item.policy})": repeated(item) for item in report.replays if item.as_home},
                **_picture(report),
            },
        )

    return _replay_report


def _week(text: str) -> date | None:
    return parse_week(text) if text else None


def _table(report: ReplayReport) -> list[dg.TableRecord]:
    return [
        dg.TableRecord(
            {
                "policy": item.policy,
                "retrainings": item.retrainings,
                "promotions": item.promotions,
                "asked": item.count("manual"),
                "not yet": item.count("not_yet"),
                "no candidate": item.count(NO_CANDIDATE),
                "seconds": round(item.seconds, 1),
                "cost": None if item.cost is None else round(item.cost, 2),
                **_quality(standing),
            }
        )
        for item, standing in zip(report.replays, standings(report), strict=True)
    ]


def _quality(found: Standing) -> dict[str, float | None]:
    values = {"spearman": found.served, "regret": found.regret, "behind the best": found.behind}
    return {name: None if value is None else round(value, 5) for name, value in values.items()}


def _picture(report: ReplayReport) -> dict[str, Any]:
    content = replay_png(report, width=10.0, height=2.8)
    if content is None:
        return {}
    return {"picture": dg.MetadataValue.md(f"![Replay](data:image/png;base64,{b64encode(content).decode()})")}


ASSETS: list[Declaration] = [replay_report]
