"""The reporting assets on a temporary instance: what they say, and which of their checks warn."""

from dataclasses import replace

import dagster as dg

from leadscore_assets.domain.calendar import DAY, WEEK, at_midnight
from leadscore_assets.partitions import weekly_partitions
from leadscore_assets.steps.listing import score_week
from leadscore_assets.steps.release_store import keep_release, present_release
from leadscore_assets_tests.home import START, WEEKS


def materialized(platform, name, *, week=None):
    from leadscore_assets.assets import reporting
    from leadscore_assets.checks import reporting as checks

    weekly = weekly_partitions(START)
    return dg.materialize(
        [declare(weekly) for declare in (*reporting.ASSETS, *checks.CHECKS)],
        partition_key=f"{week}" if week else None,
        resources={"platform": platform},
        selection=dg.AssetSelection.assets(name),
        raise_on_error=False,
    )


def test_outcomes_below_what_judging_expected_are_shown_and_warned_of(copy, champion):
    home = copy(champion)
    score_week(home.platform(), WEEKS[3])
    early = home.platform(now=lambda: at_midnight(WEEKS[3] + WEEK))
    assert not materialized(early, "outcome_report", week=WEEKS[3]).success
    platform = home.platform(now=lambda: at_midnight(WEEKS[3] + WEEK * 2))
    result = materialized(platform, "outcome_report", week=WEEKS[3])
    assert result.success
    [made] = result.asset_materializations_for_node("outcome_report")
    assert made.metadata["dagster/row_count"].value == 210
    assert made.metadata["matured"].value == 1
    assert made.metadata["groups"].value.records[0].data["leads"] == "hot"
    [check] = result.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "when it was judged" in check.description


def test_a_look_at_the_champion_warns_of_an_endpoint_that_does_not_run(copy, champion):
    home = copy(champion)
    state = present_release(home.platform())
    keep_release(home.platform(), replace(state, settled=True), ())
    platform = home.platform(now=lambda: state.history[-1].at + DAY)
    result = materialized(platform, "release_watch")
    assert result.success
    [made] = result.asset_materializations_for_node("release_watch")
    assert (made.metadata["stage"].value, made.metadata["number"].value) == ("daily", 1)
    [check] = result.get_asset_check_evaluations()
    assert not check.passed
    assert "does not run" in check.description
