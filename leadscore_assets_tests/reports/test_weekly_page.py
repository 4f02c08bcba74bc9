"""The page of a week and the index of all weeks: loud first, whole in itself, right in a real browser."""

import re
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from leadscore_assets.domain import realised
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.live_facts import RunFact, RunsOfAWeek, TrainingFact, Usage
from leadscore_assets.domain.realised import OutcomeReport, Shown, Terms
from leadscore_assets.domain.weekly import (
    Asked,
    Coming,
    Leads,
    Outcomes,
    Realisation,
    Told,
    WeeklyReport,
    line_of,
    with_line,
)
from leadscore_assets.reports.outcome_page import outcome_page
from leadscore_assets.reports.weekly_page import index_page, lasting, weekly_page
from leadscore_assets_tests.reports.screen import assert_fits, on_every_screen

MONDAY = date(2026, 3, 16)
MOMENT = datetime(2026, 3, 17, 5, tzinfo=UTC)
TERMS = Terms(3.5, 1, 5, 0.9)


def shown(*, n=4000, seed=1, revenue=True) -> Shown:
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=n)
    score = np.clip(3 + 0.6 * quality + 0.4 * draw.normal(size=n), 1, 5)
    chance = 1 / (1 + np.exp(2.5 - 1.2 * quality))
    outcome = (draw.random(n) < chance).astype(float)
    order = np.argsort(np.argsort(-score)) / n
    band = np.select([order < 0.1, order < 0.3, order < 0.6], ["hot", "warm", "cool"], "cold").astype(object)
    return Shown(
        score=score,
        chance=np.clip(chance * 0.9 + 0.02, 0, 1),
        band=band,
        version=np.full(n, 7),
        label=np.clip(np.rint(3 + quality), 1, 5),
        outcome=outcome,
        revenue=outcome * draw.gamma(2.0, 2000, n) if revenue else None,
        feedback=np.where(draw.random(n) < 0.4, np.nan, outcome) if revenue else None,
    )


@pytest.fixture(scope="module")
def outcomes() -> OutcomeReport:
    rows = shown()
    half = np.arange(rows.score.size) % 2 == 0
    return OutcomeReport(
        week=MONDAY - WEEK * 3,
        about="x",
        listed=4180,
        known=4050,
        learnt=50,
        rows=4000,
        outcome="converted",
        models=realised.answerers(rows, TERMS, {7: {"spearman": 0.83, "auc": 0.8}}),
        whole=realised.group("the whole list", rows, rows.version > 0, confidence=0.9),
        top=realised.top_list(rows, confidence=0.9),
        bands=realised.bands(rows, confidence=0.9),
        arms=(
            realised.group("candidate, version 8", rows, half, confidence=0.9),
            realised.group("primary, version 7", rows, ~half, confidence=0.9),
        ),
        pictures=realised.pictures(rows, TERMS),
    )


@pytest.fixture(scope="module")
def loud(outcomes) -> WeeklyReport:
    runs = [
        RunFact(f"{at}", job, ended, MOMENT + timedelta(hours=at), seconds, MONDAY)
        for at, (job, ended, seconds) in enumerate(
            [
                ("ingest_job", "SUCCESS", 48.2),
                ("retrain_job", "SUCCESS", 1312.5),
                ("endpoint_job", "FAILURE", 3.1),
                ("endpoint_job", "SUCCESS", 4.0),
            ]
        )
    ]
    spearman = outcomes.models[0].spearman
    trend = tuple(Realisation(MONDAY - WEEK * back, spearman, 0.8 + 0.01 * (back % 3)) for back in range(12, 2, -1))
    training = TrainingFact(MONDAY, "ab" * 32, 1290.4, 0.0, 2411.0, 812.5)
    return WeeklyReport(
        week=MONDAY,
        champion=7,
        leads=Leads(7_312, 41, 6, stored=True, newest_hours=30, missing=(MONDAY - WEEK * 5,)),
        asked=(
            Asked(
                MOMENT, MOMENT + timedelta(days=2), 9, "conditions", "wait", "drift", "The last retraining was near."
            ),
            Asked(MOMENT + timedelta(days=3), MOMENT + timedelta(days=3), 1, "calendar", "retrain", "weekly", "Due."),
        ),
        verdicts=(Told(MOMENT, "schedule", "judged", "test rows", f"week {MONDAY}: promote. Gain +0.0110 <b>x</b>"),),
        releases=(Told(MOMENT, "platform", "promoted", "package 7", "takes the place of version 6"),),
        drift="alarm",
        drift_sentence="4 features drifted; annual_revenue is 1,000 times as large.",
        outcomes=Outcomes(
            outcomes.week,
            outcomes.sentence,
            outcomes.top.lift,
            outcomes.top.top.rate,
            outcomes.bands,
            outcomes.arms,
            trend,
        ),
        release="Version 7 answers all leads; under close watch.",
        runs=RunsOfAWeek(MONDAY, tuple(runs), (training,), Usage(391.2, 612.4, 5)),
        coming=(Coming("The weekly question whether to retrain", MOMENT + WEEK), Coming("Watch ends")),
        concerns=("Alarmed: the endpoint gave no counts for an hour", "One run of endpoint_job failed."),
        alarming=1,
        pages=("drift.html", "evaluation.html", "../week=2026-02-23/outcomes.html"),
    )


@pytest.fixture(scope="module")
def bare() -> WeeklyReport:
    return WeeklyReport(
        week=MONDAY,
        champion=None,
        leads=Leads(),
        asked=(),
        verdicts=(),
        releases=(),
        drift="",
        drift_sentence="Nobody looked for drift in this week's leads.",
        outcomes=None,
        release="Nothing answers yet.",
        runs=RunsOfAWeek(MONDAY),
        coming=(),
    )


def test_what_a_person_should_look_at_stands_first_and_what_cannot_wait_before_it(loud):
    page = weekly_page(loud)
    top = page[: page.index("<section")]
    assert "<h1>2 things to look at</h1>" in top
    assert top.index("Alarmed: the endpoint") < top.index("One run of endpoint_job failed.")
    assert '<header class="verdict alarm">' in top
    assert "7,312 leads came in; 1 model trained, 1 promoted; 4 runs, 1 failed." in top


def test_every_part_of_the_week_is_told(loud):
    page = weekly_page(loud)
    for text in (
        "Asked 9 times, with the same answer.",
        "Gain +0.0110 &lt;b&gt;x&lt;/b&gt;",
        "package 7: takes the place of version 6",
        "annual_revenue is 1,000 times as large",
        "21.5 min in all",
        "812 MB at most",
        "612 MB in 5 processes",
        "Tue 24 Mar 05:00",
        "when it is ready",
    ):
        assert text in page, text
    assert re.findall(r"<h3>(.*?)</h3>", page) == [
        "Conversions by band",
        "Spearman, week by week",
        "Conversions by what answered",
    ]


@pytest.mark.parametrize("which", ["loud", "bare", "outcomes", "index"])
def test_pages_ask_for_nothing_outside_the_folder_of_reports(which, request, loud, bare, outcomes):
    pages = {"loud": weekly_page(loud), "bare": weekly_page(bare), "outcomes": outcome_page(outcomes)}
    page = pages.get(which) or index_page([line_of(loud)])
    assert "<script" not in page
    links = re.findall(r'(?:src|href)="(?!#|data:,)([^"]*)"', page)
    assert all(not link.startswith(("http", "/")) for link in links)
    assert "None" not in page
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_page_is_light_and_the_same_report_gives_the_same_bytes_also_after_json(loud):
    page = weekly_page(loud)
    assert len(page) < 200_000
    assert weekly_page(WeeklyReport.from_json(loud.to_json())) == page


def test_the_outcome_page_tells_rates_with_intervals_and_what_judging_promised(outcomes):
    page = outcome_page(outcomes)
    assert OutcomeReport.from_json(outcomes.to_json()) == outcomes
    assert "times as often as the list</h1>" in page
    assert "Revenue a lead" in page
    assert "Liked by sales" in page
    assert "<td>0.8300</td>" in page
    assert "candidate, version 8" in page


def test_the_index_holds_a_line_a_week_newest_first_and_a_week_only_once(loud, bare):
    older = line_of(WeeklyReport(**{**vars(bare), "week": MONDAY - WEEK}))
    lines = with_line(with_line(with_line((), older), line_of(bare)), line_of(loud))
    assert [(item.week, item.tone) for item in lines] == [(MONDAY, "alarm"), (MONDAY - WEEK, "quiet")]
    page = index_page(lines)
    assert re.findall(r'href="(week=[^"]+)"', page) == [f"week={item.week}/weekly.html" for item in lines]


def test_durations_are_told_as_a_person_says_them():
    assert [lasting(value) for value in (3.14, 75, 7200)] == ["3.1 s", "1.2 min", "2.0 h"]


@on_every_screen
def test_the_pages_fit_the_screen_and_their_words_do_not_collide(loud, bare, outcomes, tmp_path, width, scheme):
    lines = with_line((line_of(loud),), line_of(WeeklyReport(**{**vars(bare), "week": MONDAY - WEEK})))
    for page in (weekly_page(loud), weekly_page(bare), outcome_page(outcomes), index_page(lines)):
        assert_fits(page, tmp_path, width=width, scheme=scheme)
