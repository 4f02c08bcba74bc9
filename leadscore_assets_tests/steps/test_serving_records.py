"""A week's answers, counted from captures, and the endpoint's scores beside the list's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from leadscore_assets.domain.calendar import at_midnight
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.serving_records import find_served, record_served, served_problems, served_scores
from leadscore_assets_tests.backends.captured_traffic import Answer, Request, captured
from leadscore_assets_tests.home import NEW, OLD, WEEKS, leads

WEEK = WEEKS[3]


def traffic(week: Any = WEEK, **change: Any) -> list[Request]:
    """Every lead of a week, asked about as it is created."""
    return [
        Request(row["created_at"], [Answer(row["lead_id"], float(row["lead_score"]))], event=row["lead_id"], **change)
        for row in leads(week).to_pylist()
    ]


def test_a_weeks_answers_are_counted_and_kept(on_leads: Platform, tmp_path: Path) -> None:
    requests = [*traffic(), *traffic(variant="shadow", version=5), *traffic(WEEKS[4])]
    platform = replace(on_leads, captures=captured(tmp_path, requests))
    found = record_served(platform, WEEK)
    assert (found.answers, found.unscored, found.unreadable, found.scored_share) == (210, 0, 0, 1.0)
    assert sum(item.answers for item in found.days if item.role == "shadow") == 210
    assert len(found.days) == 14
    assert find_served(platform, WEEK) == found
    assert record_served(platform, WEEK) == found
    assert served_problems(platform, WEEK) == []
    [first, *_] = served_scores(platform, WEEK, digest="d" * 64)
    assert (first.day, first.n) == (WEEK, 30)


def test_what_was_counted_stays_when_its_captures_are_deleted(on_leads: Platform, tmp_path: Path) -> None:
    platform = replace(on_leads, captures=captured(tmp_path, traffic()))
    before = record_served(platform, WEEK)
    for path in sorted(tmp_path.rglob("*.jsonl"))[: len(before.days)]:
        path.unlink()
    assert record_served(platform, WEEK) == before
    captured(tmp_path, traffic() + traffic(variant="candidate"))
    assert record_served(platform, WEEK).answers == 420


def test_answers_without_a_score_and_lines_that_cannot_be_read_are_told(on_leads: Platform, tmp_path: Path) -> None:
    at = at_midnight(WEEK) + timedelta(hours=1)
    captures = captured(tmp_path, [Request(at, [Answer("a", float("nan")), Answer("b")])])
    (tmp_path / "leadscore" / "primary" / f"{at:%Y/%m/%d/%H}" / "x.jsonl").write_text("{\n")
    platform = replace(on_leads, captures=captures)
    found = record_served(platform, WEEK)
    assert (found.answers, found.unscored, found.unreadable, found.scored_share) == (2, 1, 1, 0.5)
    assert [problem.split(";")[0] for problem in served_problems(platform, WEEK)] == [
        "1 of 2 answers hold no score",
        "1 captured lines could not be read",
    ]


def test_without_captures_there_are_no_answers(on_leads: Platform) -> None:
    on_leads.lake.local_path(f"reports/week={WEEK}/served.json").unlink()
    with pytest.raises(Missing, match="materialize served_leads"):
        served_problems(on_leads, WEEK)
    found = record_served(on_leads, WEEK)
    assert (found.answers, found.days, found.scored_share) == (0, (), None)
    assert served_scores(on_leads, WEEK, digest="d" * 64) == []
    on_leads.lake.write_json(f"reports/week={WEEK}/served.json", {"week": "soon"})
    with pytest.raises(CorruptArtefact, match="materialize served_leads for it again"):
        find_served(on_leads, WEEK)


@pytest.fixture
def watched(on_champion: Platform, tmp_path: Path) -> Callable[[float], Platform]:
    """A champion whose answers in a later week are its own scores, moved by something."""
    package = on_champion.registry.production()
    assert package
    assert package.week == OLD
    profile_week(on_champion, NEW)
    rows = leads(NEW)
    scores = Scorer.open(on_champion.bundles.path(package.digest), digest=package.digest).score_table(rows).score

    def made(moved: float) -> Platform:
        asked = zip(rows["created_at"].to_pylist(), np.clip(scores + moved, 1, 5).tolist(), strict=True)
        requests = [Request(at, [Answer("a", score)], digest=package.digest, version=1) for at, score in asked]
        folder = tmp_path / f"moved{moved}"
        platform = replace(on_champion, captures=captured(folder, requests))
        record_served(platform, NEW)
        return platform

    return made


def test_the_endpoints_scores_are_compared_with_the_lists(watched: Callable[[float], Platform]) -> None:
    alike = report_drift(watched(0.0), NEW)
    assert alike.served
    assert (alike.served.decision, alike.served.answers, alike.served.listed) == ("alike", 210, 210)
    assert alike.served.distance == 0
    assert alike.served.sentence in alike.verdict.reasons
    platform = watched(0.9)
    apart = report_drift(platform, NEW)
    assert apart.served
    assert apart.served.decision == "apart"
    assert apart.verdict.decision == alike.verdict.decision
    page = platform.lake.local_path(f"reports/week={NEW}/drift.html").read_text()
    assert "spread otherwise than the list" in page
    assert type(apart).from_json(apart.to_json()) == apart
