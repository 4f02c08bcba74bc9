"""The evaluation: a week's candidate judged against the champion."""

import dagster as dg

from leadscore_assets.assets.declare import told_apart, week_in, weekly_asset
from leadscore_assets.assets.pictures import readable
from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports.picture import inline_png
from leadscore_assets.steps.judging import judge_candidate, page_path
from leadscore_assets.steps.platform import Platform


@weekly_asset(deps=["trained_model", "test_slice"], group_name="evaluation", kinds={"report"})
def evaluation_report(context: dg.AssetExecutionContext, platform: dg.ResourceParam[Platform]) -> dg.MaterializeResult:
    """One week's verdict: candidate and champion on the same test rows, all metrics, and a page with pictures."""
    week = week_in(context)
    with told_apart():
        evaluation = judge_candidate(platform, week)
        page = platform.lake.local_path(page_path(week))
    gain = {"spearman_gain": round(evaluation.comparison.difference, 5)} if evaluation.comparison else {}
    return dg.MaterializeResult(
        data_version=dg.DataVersion(evaluation.digest),
        metadata={
            "verdict": evaluation.verdict.decision,
            "because": evaluation.verdict.sentence,
            "page": dg.MetadataValue.path(page),
            "picture": dg.MetadataValue.md(inline_png(evaluation)),
            "metrics": dg.MetadataValue.table(_table(evaluation)),
            "test_rows": evaluation.rows,
            "judged_on_these_rows": evaluation.subject.judged,
            **gain,
            **readable(evaluation.candidate_metrics),
        },
    )


def _table(evaluation: Evaluation) -> list[dg.TableRecord]:
    champion = readable(evaluation.champion_metrics)
    return [
        dg.TableRecord({"metric": name, "candidate": value, "champion": champion.get(name)})
        for name, value in readable(evaluation.candidate_metrics).items()
    ]


ASSETS = [evaluation_report]
