"""A week's drift question on a home: the reference, the ledger, the pages, and what a repeated question costs."""

import shutil
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest

from leadscore_assets.domain import bundle
from leadscore_assets.domain.drift_policy import DriftPolicy
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.steps.drifting import evidently_path, page_path, report_drift, stored_drift
from leadscore_assets.steps.fitting import fit_candidate
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.slicing import cut_slices
from leadscore_assets_tests.home import OLD, START, WEEKS, leads, made_home, write_csv

QUIET = {"evidently_page": False}


def opened(home, *, weeks=WEEKS, platform=None, **policy):
    """A platform whose weeks are profiled."""
    platform = platform or home.platform()
    terms = DriftPolicy.model_validate(QUIET | policy)
    platform = replace(platform, policy=platform.policy.model_copy(update={"drift": terms}))
    for week in weeks:
        profile_week(platform, week)
    return platform


def test_without_a_champion_the_weeks_before_are_the_reference(ingested, copy):
    platform = opened(copy(ingested), reference_weeks=2)
    report = report_drift(platform, WEEKS[3])
    assert report.reference_weeks == (WEEKS[1], WEEKS[2])
    assert (report.rows, report.reference_rows) == (210, 420)
    assert report.verdict.decision == "quiet"
    assert stored_drift(platform, WEEKS[3]) == report


def test_the_first_week_has_nothing_to_be_compared_with(ingested, copy):
    platform = opened(copy(ingested))
    assert report_drift(platform, WEEKS[0]).verdict.decision == "not_yet"


def test_a_champion_makes_its_training_weeks_the_reference_and_its_scores_are_counted(ingested, copy):
    platform = copy(ingested).platform()
    cut_slices(platform, OLD)
    digest = fit_candidate(platform, OLD, on_line=lambda _: None).digest
    _, files = bundle.read(platform.bundles.path(digest), digest=digest)
    lineage = bundle.document(files, bundle.LINEAGE)
    platform.registry.promote(platform.registry.register(digest=digest, week=OLD, metrics={}, lineage=lineage).version)
    report = report_drift(opened(None, platform=platform), WEEKS[5])
    assert f"{report.reference_weeks[0]}" <= lineage["trained_from"]
    assert f"{report.reference_weeks[-1]}" <= lineage["trained_until"] < f"{WEEKS[5]}"
    assert "version 1 learnt from" in report.about
    assert sum(item.importance for item in report.features) == pytest.approx(1)
    assert report.scores is not None
    # Only the days after its training count: what it learnt from flatters it.
    assert report.scores.reference == 210 * 4
    assert report.scores.decision == "not_yet"


def test_a_question_reads_no_lead(ingested, copy):
    home = copy(ingested)
    platform = opened(home)
    for file in (home.path / "lake" / "leads").rglob("*.parquet"):
        file.unlink()
    assert report_drift(platform, WEEKS[6]).features


def test_the_same_question_writes_the_same_bytes_and_one_record(ingested, copy):
    platform = opened(copy(ingested))
    first = report_drift(platform, WEEKS[6])
    page = platform.lake.local_path(page_path(WEEKS[6])).read_bytes()
    assert report_drift(platform, WEEKS[6]) == first
    assert platform.lake.local_path(page_path(WEEKS[6])).read_bytes() == page
    [record] = platform.ledger.records(action="watched", subject=f"week {WEEKS[6]}")
    assert record.evidence["report"] == first.digest
    assert record.evidence["decision"] == first.verdict.decision


def test_a_planted_break_alarms_and_is_recorded_by_name(tmp_path):
    home = made_home(tmp_path / "home")
    broken = leads(WEEKS[6])
    place = broken.schema.get_field_index("revenue")
    thousandfold = [None if value is None else value * 1000 for value in broken["revenue"].to_pylist()]
    write_csv(home.data / f"{WEEKS[6]}.csv", broken.set_column(place, "revenue", pa.array(thousandfold)))
    home.cli("ingest")
    platform = opened(home)
    report = report_drift(platform, WEEKS[6])
    assert report.verdict.decision == "alarm"
    assert "revenue (1,000 times as large" in report.verdict.sentence
    assert platform.ledger.records(action="watched")[-1].evidence["alarms"] == ["revenue"]


def test_the_classifier_is_asked_once_there_are_weeks_and_its_past_answers_are_kept(ingested, copy):
    home = copy(ingested)
    platform = opened(home, minimum_history=4, reference_weeks=2)
    assert report_drift(platform, WEEKS[4]).separation is None
    many = opened(made_weeks(home), weeks=[START + timedelta(weeks=k) for k in range(8)], minimum_history=4)
    report = report_drift(many, START + timedelta(weeks=7))
    assert report.separation is not None
    assert report.separation.size == 250
    kept = many.lake.read_json(f"profiles/week={START + timedelta(weeks=3)}/separations.json")
    assert len(kept) == 1
    assert report_drift(many, START + timedelta(weeks=7)).separation == report.separation


def made_weeks(home):
    """Eight larger weeks beside the home."""
    weeks = [START + timedelta(weeks=place) for place in range(8)]
    large = made_home(home.path.parent / "large", weeks=())
    for place, week in enumerate(weeks):
        write_csv(large.data / f"{week}.csv", leads(week, rows=300, seed=place))
    large.cli("ingest")
    return large


def test_an_empty_and_a_tiny_week_have_no_verdict(tmp_path):
    home = made_home(tmp_path / "home", weeks=(WEEKS[0], WEEKS[3]))
    write_csv(home.data / f"{WEEKS[1]}.csv", leads(WEEKS[1], rows=12))
    home.cli("ingest")
    platform = opened(home, weeks=WEEKS[:4])
    for week in WEEKS[1:3]:
        assert report_drift(platform, week).verdict.decision == "not_yet"
    assert platform.lake.local_path(page_path(WEEKS[2])).is_file()
    assert report_drift(platform, WEEKS[3]).verdict.decision == "quiet"


def test_a_home_that_begins_with_an_empty_week_does_not_fail(tmp_path):
    home = made_home(tmp_path / "home", weeks=WEEKS[1:3])
    home.cli("ingest")
    platform = opened(home, weeks=WEEKS[:1])
    assert report_drift(platform, WEEKS[0]).verdict.decision == "not_yet"


def test_what_is_not_there_is_named_with_the_remedy(ingested, copy):
    home = copy(ingested)
    for kind in ("profiles", "reports"):
        shutil.rmtree(home.path / "lake" / kind, ignore_errors=True)
    platform = home.platform()
    with pytest.raises(Missing, match="materialize lead_profile"):
        report_drift(platform, WEEKS[1])
    with pytest.raises(Missing, match="materialize drift_report"):
        stored_drift(platform, WEEKS[1])
    platform.lake.write_json(f"reports/week={WEEKS[1]}/drift.json", {"week": "2025-01-13"})
    with pytest.raises(CorruptArtefact, match="materialize it again"):
        stored_drift(platform, WEEKS[1])


def test_where_no_evidently_page_is_wanted_a_sentence_says_how_to_get_one(ingested, copy):
    platform = opened(copy(ingested))
    report_drift(platform, WEEKS[2])
    assert "pip install" in platform.lake.local_path(evidently_path(WEEKS[2])).read_text()
