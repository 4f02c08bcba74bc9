"""Replaying: the same policy decides as the ledger has it, another as it would have; nothing of the home changes."""

from datetime import timedelta
from itertools import pairwise

import pytest

from leadscore_assets.domain.calendar import weeks_between
from leadscore_assets.domain.errors import CorruptArtefact, InvalidInput, Missing
from leadscore_assets.domain.replay import NO_CANDIDATE, NOT_RETRAINED
from leadscore_assets.domain.replay_standings import standings
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.replaying import REPORT, Listener, replay, replay_problems, report_replay, stored_replay
from leadscore_assets.steps.replaying_question import ask_replay
from leadscore_assets_tests.home import NEW, OLD, POLICY, START, WEEKS, leads, live_through, made_home, write_csv

QUIETLY = Listener()
LIVED = WEEKS[1:]


def replayed(platform, *names, first=LIVED[0], last=LIVED[-1], listener=QUIETLY):
    report = replay(platform, ask_replay(platform, names, first, last), listener)
    return {item.policy: item for item in report.replays} | {"report": report}


def ingested_all(home, weeks):
    """The home's platform with some weeks in its lake."""
    platform = home.platform()
    for week in weeks:
        ingest_week(platform, week)
    return platform


def held(home):
    """Every file that says what the home's weeks became."""
    lake = home.path / "lake"
    kinds = ("models/*/model.json", "slices/*/*.json", "reports/week=*/*", "evaluations/*", "gates/*/*")
    return {path: path.read_bytes() for kind in kinds for path in lake.glob(kind)}


def test_the_same_policy_gives_the_decisions_of_the_ledger_exactly(lived, copy):
    platform = copy(lived).platform()
    records = {item.evidence["week"]: item.evidence for item in platform.ledger.records(action="judged")}
    found = replayed(platform)["home"]
    assert found.as_home
    assert found.compared == found.weeks
    assert len(found.weeks) == len(records) == 6
    for week in found.weeks:
        record = records[f"{week.week}"]
        told = (week.candidate, week.champion, week.decision, week.rule, week.gain)
        assert told == tuple(record[key] for key in ("candidate", "champion", "decision", "rule", "gain"))
    assert {week.decision for week in found.weeks} >= {"promote", "not_yet"}
    assert found.promotions == len(platform.registry.packages()) >= 2


def test_a_replay_reads_the_past_and_changes_nothing_of_it(lived, copy):
    home = copy(lived)
    platform, before = home.platform(), held(home)
    records, lines = platform.ledger.records(), []
    replayed(platform, "home", "never", "always", listener=Listener(on_line=lines.append))
    assert held(home) == before
    assert platform.ledger.records() == records
    assert lines == []


def test_never_keeps_the_first_model_and_always_takes_every_one(lived, copy):
    found = replayed(copy(lived).platform(), "never", "always", "home")
    never, always = found["never"], found["always"]
    assert (never.retrainings, never.promotions) == (1, 1)
    assert [week.decision for week in never.weeks[1:]] == [NOT_RETRAINED] * 5
    assert always.retrainings == 6
    assert {week.rule for week in always.weeks if not week.promoted} == {"below_floor"}
    pairs = pairwise(always.weeks)
    assert all(later.champion == (week.candidate if week.promoted else week.champion) for week, later in pairs)
    worst = min(standings(found["report"]), key=lambda item: item.served)
    assert (worst.policy, worst.behind > 0.5) == ("never", True)
    assert all(week.ledger is None or not week.ledger.same_question for week in never.weeks)


def test_five_percent_asks_a_person_and_an_asked_candidate_is_not_released(lived, copy):
    found = replayed(copy(lived).platform(), "automatic_5")["automatic_5"]
    assert found.promotions == sum(week.decision == "promote" for week in found.weeks)
    assert {week.rule for week in found.weeks} & {"some_gain", "not_better"}
    champions = {week.champion for week in found.weeks}
    assert not champions & {week.candidate for week in found.weeks if week.decision == "manual"}


def test_quality_is_measured_on_rows_that_no_model_had_seen_and_the_oracle_is_never_worse(lived, copy):
    platform = copy(lived).platform()
    found = replayed(platform)["home"]
    assert found.weeks[0].served is None
    for week in found.weeks[1:]:
        assert week.rows >= platform.policy.promotion.minimum_rows
        assert week.regret >= 0
    path = f"replays/week={LIVED[3]}/spearman.json"
    [kept] = platform.lake.read_json(path).values()
    assert len(kept) == 3
    platform.lake.write_json(path, {key: dict.fromkeys(kept, 0.25) for key in platform.lake.read_json(path)})
    assert replayed(platform)["home"].weeks[3].served == 0.25


def test_a_replay_from_the_middle_begins_with_the_champion_and_the_history_of_then(lived, copy):
    platform = copy(lived).platform()
    found = replayed(platform, first=LIVED[2])["home"]
    assert found.weeks[0].champion == platform.registry.packages()[0].digest
    assert found.compared == found.weeks
    assert not found.differing


def test_what_is_missing_is_trained_once_under_the_homes_policy(ingested, copy):
    platform = copy(ingested).platform()
    lines = []
    found = replayed(
        platform, "home", "any_gain", first=LIVED[0], last=LIVED[1], listener=Listener(on_line=lines.append)
    )
    assert sum("training what is missing" in line for line in lines) == 2
    assert [week.candidate for week in found["home"].weeks] == [week.candidate for week in found["any_gain"].weeks]
    assert found["home"].seconds > 0
    assert len(platform.ledger.records(action="trained")) == 2
    again = replayed(platform, first=LIVED[0], last=LIVED[1])
    assert again["home"].weeks == found["home"].weeks
    assert again["home"].weeks[0].ledger is None


def test_a_backfill_is_told_apart_because_it_judged_against_another_champion(judged, copy):
    platform = copy(judged).platform()
    platform.registry.promote(platform.registry.packages()[0].version)
    found = replayed(platform, first=NEW, last=NEW)["home"]
    assert found.weeks[0].champion == platform.registry.packages()[0].digest
    assert found.compared == found.weeks
    earlier = replayed(platform, first=WEEKS[4], last=NEW)["home"]
    assert earlier.weeks[-1].ledger
    assert earlier.weeks[-1].ledger.same_champion == (not earlier.weeks[0].promoted)


def test_a_champion_of_the_future_never_judges_the_past(champion, copy):
    platform = copy(champion).platform()
    live_through(platform, WEEKS[1:2])
    found = replayed(platform, first=WEEKS[1], last=OLD)["home"]
    assert found.weeks[0].champion is None
    assert not found.weeks[0].ledger.same_champion


def test_another_way_of_learning_does_not_touch_the_homes_models(lived, copy, tmp_path):
    home = copy(lived)
    platform, before = home.platform(), held(home)
    trained = platform.ledger.records(action="trained")
    file = tmp_path / "other.toml"
    file.write_text(
        "[window]\nminimum_rows = 300\nminimum_test_rows = 50\nminimum_validation_rows = 25\n"
        '[training]\nrounds = 5\nthreads = 1\nlearners = ["xgboost"]\n'
    )
    found = replayed(platform, "home", f"{file}", first=LIVED[1], last=LIVED[2])
    other = found[f"{file}"]
    assert not other.as_home
    assert {week.candidate for week in other.weeks}.isdisjoint({week.candidate for week in found["home"].weeks})
    assert held(home) == before
    assert platform.ledger.records(action="trained") == trained
    assert [week.rows for week in other.weeks] == [week.rows for week in found["home"].weeks]


def test_on_drift_retrains_after_an_alarm_against_its_own_champion_and_waits_out_the_cooldown(tmp_path):
    home = made_home(tmp_path / "home", policy={**POLICY, "drift": {"evidently_page": False, "cooldown_days": 14}})
    for place, week in enumerate(WEEKS[4:], 4):
        broken = leads(week, seed=place)
        at = broken.schema.get_field_index("revenue")
        values = [None if value is None else value * 1000 for value in broken["revenue"].to_pylist()]
        write_csv(home.data / f"{week}.csv", broken.set_column(at, "revenue", [values]))
    platform = ingested_all(home, WEEKS)
    found = replayed(platform, "psi", first=WEEKS[1], last=WEEKS[6])["psi"]
    causes = [week.cause for week in found.weeks]
    first = causes.index("drift")
    assert causes[0] == "first_model"
    assert found.weeks[first].week == WEEKS[4]
    assert causes[first + 1] == "none"
    assert "not before" in found.weeks[first + 1].reason or "does not ask" in found.weeks[first + 1].reason
    assert found.retrainings == sum(cause != "none" for cause in causes)


def test_a_drift_question_about_production_is_the_one_that_is_stored(lived, copy):
    platform = copy(lived).platform()
    for week in WEEKS:
        profile_week(platform, week)
    from leadscore_assets.steps.drifting import drift_against

    assert drift_against(platform, WEEKS[6], platform.registry.production()) == report_drift(platform, WEEKS[6])
    assert drift_against(platform, WEEKS[6], None).about == "the 4 weeks before it"


def test_weeks_too_small_for_a_model_or_a_verdict_say_so_and_nothing_fails(tmp_path):
    policy = {
        "window": {"minimum_rows": 40, "minimum_test_rows": 10, "minimum_validation_rows": 10, "maximum_days": 35},
        "training": POLICY["training"],
    }
    home = made_home(tmp_path / "home", weeks=(), policy=policy)
    for week in weeks_between(START, WEEKS[3]):
        write_csv(home.data / f"{week}.csv", leads(week, rows=0 if week == WEEKS[2] else 25))
    platform = ingested_all(home, WEEKS[:4])
    found = replayed(platform, first=START, last=WEEKS[3])
    report, found = found["report"], found["home"]
    decisions = [week.decision for week in found.weeks]
    assert decisions[0] == NO_CANDIDATE
    assert "no matured and labelled row" in found.weeks[0].reason
    assert set(decisions[1:]) <= {NO_CANDIDATE, "not_yet"}
    assert "not_yet" in decisions
    assert found.promotions == 0
    assert standings(report)[0].served is None


def test_a_week_that_its_gates_keep_out_has_no_candidate(ingested, copy):
    home = copy(ingested)
    home.set("maximum_spearman", "maximum_spearman = 0.5", file="policy.toml")
    found = replayed(home.platform(), first=LIVED[0], last=LIVED[0])["home"]
    assert found.weeks[0].decision == NO_CANDIDATE
    assert "train_slice_has_no_leakage" in found.weeks[0].reason
    assert home.platform().ledger.records(action="trained") == []


def test_weeks_that_are_not_ingested_are_named_with_the_remedy(home):
    with pytest.raises(Missing, match=r"not ingested: 2025-01-06, 2025-01-13.*run 'leadscore ingest'"):
        replayed(home.platform())


def test_a_question_that_cannot_be_is_refused(lived, ingested):
    platform = lived.platform()
    with pytest.raises(InvalidInput, match=r"no file and no preset; give home, default or one of .*always"):
        ask_replay(platform, ["alwyas"])
    with pytest.raises(InvalidInput, match="exchange them"):
        ask_replay(platform, [], WEEKS[3], WEEKS[1])
    with pytest.raises(InvalidInput, match="before the start week"):
        ask_replay(platform, [], START - timedelta(days=7), WEEKS[1])
    with pytest.raises(Missing, match="no week was ever judged"):
        ask_replay(ingested.platform(), [])
    assert (ask_replay(platform, []).first, ask_replay(platform, []).last) == (LIVED[0], LIVED[-1])


def test_the_report_is_stored_drawn_and_recorded_once(lived, copy):
    platform = copy(lived).platform()
    question = ask_replay(platform, ["home", "never"])
    with pytest.raises(Missing, match="materialize replay_report"):
        stored_replay(platform)
    report = report_replay(platform, question, QUIETLY)
    assert stored_replay(platform) == report == report_replay(platform, question, QUIETLY)
    [record] = platform.ledger.records(action="replayed")
    assert record.evidence["report"] == report.digest
    assert "home serves best" in platform.lake.local_path("reports/replay.html").read_text()
    assert replay_problems(report) == []
    platform.lake.write_json(REPORT, {"first": "2025-01-06"})
    with pytest.raises(CorruptArtefact, match="materialize replay_report again"):
        stored_replay(platform)
