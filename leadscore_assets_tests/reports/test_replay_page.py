"""The replay page: the answer first, every policy and every week, whole in itself, right in a real browser."""

import re

import pytest

from leadscore_assets.domain.replay import NO_CANDIDATE, Replay, ReplayReport
from leadscore_assets.reports.replay_numbers import duration, lines, sentence, week_lines
from leadscore_assets.reports.replay_page import replay_page, replay_png
from leadscore_assets_tests.domain.replays import decided, made_replay, report_of, week
from leadscore_assets_tests.reports.screen import assert_fits, on_every_screen

NAMES = ("home", "never", "always", "automatic_5", "a_policy_file_with_a_long_name.toml", "<b>bold</b>")


@pytest.fixture(scope="module")
def report() -> ReplayReport:
    served = [0.5 + 0.05 * (at % 3) for at in range(30)]
    oracle = [value + 0.04 for value in served]
    found = [
        made_replay(name, [value - 0.02 * place for value in served], oracle, as_home=not place, ledger=decided("keep"))
        for place, name in enumerate(NAMES)
    ]
    return report_of(*found)


def test_the_answer_stands_first_with_its_number_and_what_the_ledger_says(report):
    page = replay_page(report)
    top = page[: page.index("<section")]
    assert "<h1>home serves best</h1>" in top
    assert '<p class="glance">0.5500</p>' in top
    assert "Under home, 0 of 1 weeks decided as the ledger has them." in top
    assert 'class="worse"' in top


def test_every_policy_has_its_line_its_picture_and_its_weeks(report):
    page = replay_page(report)
    assert page.count("<summary>") == len(NAMES)
    assert page.count("<svg") == 1 + len(NAMES)
    assert page.count('<th scope="row">2026-01-12</th>') == len(NAMES)
    assert [line.policy for line in lines(report)] == list(NAMES)


def test_the_page_asks_for_nothing_outside_itself_and_names_are_text(report):
    page = replay_page(report)
    assert "<b>bold</b>" not in page
    assert "Reason 0 &lt;b&gt;." in page
    assert not re.search(r'(?:src|href)="(?!#|data:)', page)


def test_the_same_report_gives_the_same_page_also_after_json(report):
    assert replay_page(ReplayReport.from_json(report.to_json())) == replay_page(report)


def test_a_replay_without_a_model_makes_a_page_too():
    empty = report_of(Replay("home", "d" * 64, True, (week(0, NO_CANDIDATE),)))
    page = replay_page(empty)
    assert "<h1>Nothing was served</h1>" in page
    assert "no candidate" in page
    assert replay_png(empty) is None
    assert "No policy served" in sentence(empty)


def test_one_week_of_one_policy_makes_a_page_and_a_picture():
    single = report_of(made_replay("home", [0.5], [0.6]))
    assert "<h1>home, decided again</h1>" in replay_page(single)
    assert lines(single)[0].behind == "-"
    assert replay_png(single).startswith(b"\x89PNG")


def test_the_picture_shows_the_regret_the_best_and_the_worst(report):
    assert replay_png(report).startswith(b"\x89PNG")


def test_a_promotion_that_a_gate_held_back_and_another_decision_are_told():
    weeks = (week(0, "promote", ledger=decided("keep")), week(1, "keep", ledger=decided("keep", same_champion=False)))
    newest, oldest = week_lines(Replay("home", "d", True, weeks))
    assert (oldest.decision, oldest.differs) == ("promote, held back", True)
    assert (newest.ledger, newest.differs) == ("keep (other champion)", False)


@pytest.mark.parametrize(("seconds", "text"), [(3.2, "3 s"), (150, "2.5 min"), (7200, "2.0 h")])
def test_durations_are_written_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


@on_every_screen
def test_the_page_fits_the_screen_and_its_words_do_not_collide(report, tmp_path, width, scheme):
    assert_fits(replay_page(report), tmp_path, width=width, scheme=scheme)
