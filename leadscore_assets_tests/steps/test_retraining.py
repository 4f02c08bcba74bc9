"""Whether a retraining starts, asked of a home week after week."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from leadscore_assets.backends.ports import Ledger
from leadscore_assets.domain.calendar import WEEK, at_midnight, run_day
from leadscore_assets.domain.policy import policy_from
from leadscore_assets.steps.drifting import report_drift
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.profiling import profile_week
from leadscore_assets.steps.releasing import release
from leadscore_assets.steps.retraining import retraining_state, should_retrain
from leadscore_assets_tests.home import NEW, OLD, POLICY, WEEKS, Home, leads, write_csv
from leadscore_assets_tests.steps.releases import Clock, set_off, slowly


def ruled(platform: Platform, when: str, **more: object) -> Platform:
    drift = {"rule": "psi", "evidently_page": False, "minimum_rows": 50}
    return replace(platform, policy=policy_from({**POLICY, "drift": drift, "retraining": {"when": when, **more}}))


def at(platform: Platform, week, hours: float = 6) -> Platform:
    """The platform on the day that the week's retraining is due."""
    moment = datetime.combine(run_day(week), datetime.min.time(), tzinfo=UTC) + timedelta(hours=hours)
    return replace(platform, now=lambda: moment)


@pytest.fixture
def broken(copy, champion) -> Platform:
    """A champion of the third week, and later weeks in which a feature has another unit."""
    home = copy(champion)
    shutil.rmtree(home.path / "lake" / "reports")
    for week in WEEKS[4:]:
        table = leads(week)
        place = table.schema.get_field_index("revenue")
        values = [None if value is None else value * 1000 for value in table["revenue"].to_pylist()]
        write_csv(home.data / f"{week}.csv", table.set_column(place, "revenue", pa.array(values)))
    platform = ruled(home.platform(), "on_drift")
    for week in WEEKS:
        ingest_week(platform, week)
        profile_week(platform, week)
    return platform


def test_on_drift_answers_week_by_week_and_waits_out_the_cooldown(broken: Platform) -> None:
    for week in WEEKS[3:]:
        report_drift(broken, week)
    answers = []
    for week in WEEKS[3:]:
        answers.append(should_retrain(at(broken, week), asker="conditions", week=week))
        if answers[-1].wanted:
            train_and_judge(broken, week, answers[-1].data)
    assert [(answer.wanted, answer.cause) for answer in answers] == [
        (False, "none"),
        (True, "drift"),
        (False, "none"),
        (True, "drift"),
    ]
    assert any("not before" in reason.sentence for reason in answers[2].reasons)
    assert retraining_state(broken, WEEKS[6]).last_drift == WEEKS[6] + WEEK


def train_and_judge(platform: Platform, week, data: str) -> None:
    """Write down what a retraining of the week writes down."""
    evidence = {"week": f"{week}", "data_digest": data}
    platform.ledger.append("trained", f"bundle {data}", reason="x", evidence=evidence)
    platform.ledger.append("judged", "test rows", reason="x", evidence={"week": f"{week}", "candidate": data})


def test_a_retraining_that_drift_started_and_that_failed_holds_back_no_other(broken: Platform) -> None:
    for week in WEEKS[4:6]:
        report_drift(broken, week)
        assert should_retrain(at(broken, week), asker="conditions", week=week).cause == "drift"
    assert retraining_state(broken, WEEKS[5]).last_drift is None


def test_each_question_leaves_one_record_and_the_same_tick_asked_twice_leaves_one(broken: Platform) -> None:
    report_drift(broken, WEEKS[4])
    then = at(broken, WEEKS[4])
    first, again = (should_retrain(then, asker="conditions", week=WEEKS[4], key="asked:x") for _ in range(2))
    assert first.wanted
    assert again.wanted
    should_retrain(then, asker="calendar", week=WEEKS[3])
    before, yes, no = broken.ledger.records(action="asked")
    assert before.evidence["asker"] == "forced"
    assert (yes.evidence["wanted"], yes.evidence["cause"], yes.evidence["asker"]) == (True, "drift", "conditions")
    assert (no.evidence["wanted"], no.evidence["asker"]) == (False, "calendar")
    assert {reason["name"] for reason in no.evidence["reasons"]} >= {"calendar", "drift"}


def test_a_week_without_a_drift_report_is_not_retrained_and_says_why(broken: Platform) -> None:
    found = should_retrain(at(broken, WEEKS[4]), asker="conditions", week=WEEKS[4])
    assert not found.wanted
    assert any("materialize drift_report" in reason.sentence for reason in found.reasons)


def test_a_home_tells_what_was_trained_and_what_is_new(champion: Home, ingested: Home) -> None:
    platform = at(ruled(champion.platform(), "weekly"), OLD, 0)
    state = retraining_state(platform, OLD)
    assert state.champion
    assert state.data in state.trained_data
    assert (state.champion_trained, state.new_rows) == (OLD + WEEK, 0)
    later = retraining_state(at(platform, WEEKS[5]), WEEKS[5])
    assert later.data not in later.trained_data
    assert later.new_rows
    assert later.new_rows > 300
    fresh = retraining_state(ingested.platform(), OLD)
    assert (fresh.champion, fresh.last_trained, fresh.new_rows) == (False, None, None)


def test_a_training_that_was_not_judged_is_done_again(champion: Home) -> None:
    platform = champion.platform()
    [trained] = platform.ledger.records(action="trained")
    state = retraining_state(platform, OLD)
    assert state.trained_data == (trained.evidence["data_digest"],)

    class Forgetful:
        """A ledger that was cut off before the judging."""

        def records(self, *, action=None, subject=None, limit=None):
            found = platform.ledger.records(action=action, subject=subject, limit=limit)
            return [] if action == "judged" else found

    assert retraining_state(replace(platform, ledger=Forgetful()), OLD).trained_data == ()


def test_the_same_rows_are_not_trained_on_twice_unless_a_person_insists(champion: Home, copy) -> None:
    platform = at(ruled(copy(champion).platform(), "weekly"), OLD)
    found = should_retrain(platform, asker="calendar", week=OLD)
    assert found.decision == "skip"
    assert "No row has matured" in found.sentence
    assert should_retrain(platform, asker="forced", week=OLD).wanted


def test_a_week_that_was_never_ingested_says_what_is_missing(home: Home) -> None:
    found = should_retrain(at(home.platform(), OLD), asker="calendar", week=OLD)
    assert found.decision == "skip"
    assert "not ingested yet" in found.sentence


class Counted:
    """A ledger that notes what is asked of it."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[dict[str, object]] = []

    def records(self, **question):
        self.asked.append(question)
        return self._ledger.records(**question)


def questions(platform: Platform, week) -> dict[str, dict[str, object]]:
    """Return what the ledger is asked on the way to an answer, by action."""
    counted = Counted(platform.ledger)
    retraining_state(replace(platform, ledger=counted), week)
    assert all(item.get("limit") for item in counted.asked)
    return {str(item["action"]): item for item in counted.asked}


def test_the_ledger_is_asked_for_nothing_that_the_policy_does_not_compare(broken: Platform) -> None:
    report_drift(broken, WEEKS[3])
    assert "promoted" not in questions(broken, WEEKS[3])
    assert "asked" not in questions(broken, WEEKS[3])


def test_an_alarm_looks_back_as_far_as_the_rest_after_drift_and_no_further(broken: Platform) -> None:
    report_drift(broken, WEEKS[4])
    rest = timedelta(days=broken.policy.drift.cooldown_days)
    assert questions(broken, WEEKS[4])["asked"]["since"] == at_midnight(WEEKS[5]) - rest


def test_the_phases_count_from_the_oldest_promotion(champion: Home, copy) -> None:
    home = copy(champion)
    platform = ruled(home.platform(), "phases")
    first = platform.ledger.append("promoted", "version 1", reason="x", evidence={})
    later = home.platform(now=lambda: first.at + timedelta(days=30))
    later.ledger.append("promoted", "version 2", reason="x", evidence={})
    assert questions(platform, OLD)["promoted"]["limit"] == 1
    assert retraining_state(platform, OLD).first_model == first.at.date()
    assert retraining_state(ruled(platform, "weekly"), OLD).first_model is None


def test_a_version_that_is_on_its_way_holds_back_another_training_of_its_week(copy, judged: Home) -> None:
    home = slowly(copy(judged), shadow="shadow = false")
    platform = set_off(home, Clock())
    assert retraining_state(platform, NEW).on_its_way == ""
    release(platform)
    [version] = [item.version for item in platform.registry.packages() if item.week == NEW]
    assert retraining_state(platform, NEW).on_its_way == f"version {version}"
    assert retraining_state(platform, OLD).on_its_way == ""
