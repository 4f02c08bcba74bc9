"""A run of a backfill registers nothing and leaves the endpoint alone, whichever assets it was started with."""

from collections.abc import Callable

import pytest

from leadscore_assets.assets.release import BACKFILL_TAGS
from leadscore_assets.commands.running import Runner
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.releasing import package_candidate
from leadscore_assets_tests.home import NEW, Home

Copy = Callable[[Home], Home]


@pytest.mark.parametrize("tag", BACKFILL_TAGS)
def test_a_candidate_that_would_be_promoted_is_not_registered(copy: Copy, judged: Home, tag: str) -> None:
    home = copy(judged)
    outcome = Runner(load_settings(home.path)).run("weekly_job", NEW, tags={tag: "some weeks"})
    assert (outcome.success, outcome.problems) == (True, ())
    assert "evaluation_report" in outcome.materialized
    assert not {"model_package", "endpoint"} & set(outcome.materialized)
    assert [package.version for package in home.platform().registry.packages()] == [1]
    assert not home.platform().endpoint.status().running


@pytest.mark.parametrize("tag", BACKFILL_TAGS)
def test_a_package_that_waits_does_not_go_live(copy: Copy, judged: Home, tag: str) -> None:
    home = copy(judged)
    assert package_candidate(home.platform(), NEW)
    outcome = Runner(load_settings(home.path)).run("endpoint_job", None, tags={tag: "some weeks"})
    assert (outcome.success, outcome.materialized) == (True, ())
    production = home.platform().registry.production()
    assert production
    assert production.version == 1
    assert not home.platform().endpoint.status().running
