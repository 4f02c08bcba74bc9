"""The evaluation page: whole, self-contained, the same every time, and right in a real browser."""

import re
from dataclasses import replace

from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.domain.promotion_policy import PromotionPolicy
from leadscore_assets.reports.page import evaluation_page
from leadscore_assets_tests.reports.conftest import make_evaluation
from leadscore_assets_tests.reports.screen import assert_fits, on_every_screen


def test_the_verdict_stands_first_with_its_number_and_interval(promoted):
    page = evaluation_page(promoted)
    top = page[: page.index("<section")]
    comparison, shrunken = promoted.comparison, promoted.posterior
    assert "<h1>Promote the candidate</h1>" in top
    assert promoted.verdict.reasons[0] in top
    assert f'<p class="glance">{shrunken.mean:+.4f}</p>' in top
    assert f"90 % interval {shrunken.low:+.4f} to {shrunken.high:+.4f}" in top
    assert (
        f"measured {comparison.difference:+.4f} ({comparison.low:+.4f} to {comparison.high:+.4f}) on 2,400 rows" in top
    )


def test_the_page_shows_what_the_gain_rests_on_and_what_must_not_get_worse(promoted):
    page = evaluation_page(promoted)
    part = page[page.index('id="gain"') : page.index('id="numbers"')]
    for name in ("Measured gain", "With week noise", "Shrunken gain", "Week noise (tau)", "Retrainings bring"):
        assert f"<dt>{name}</dt>" in part
    assert f"{promoted.posterior.noise:.4f}" in part
    rows = re.findall(r'<th scope="row">(.*?)<', part)
    assert rows == ["MAE", "Brier", "Latency p99, ms", "region = amer", "region = emea"]
    assert part.count('<td class="holds">holds<') == 5


def test_a_broken_guardrail_and_a_broken_segment_stand_out(guarded):
    page = evaluation_page(guarded)
    assert "<h1>Keep the champion</h1>" in page
    assert page.count('<td class="broken">') == 3


def test_the_learners_and_the_searchs_optimism_are_told(promoted):
    subject = replace(promoted.subject, learners={"forest": 0.41234, "linear": 0.3, "xgboost": None}, optimism=0.012)
    page = evaluation_page(replace(promoted, subject=subject))
    assert "forest 0.4123 won; linear 0.3000, xgboost not measurable" in page
    assert "the best trial&#39;s Spearman was +0.0120 above its own on validation" in page


def test_an_evaluation_that_asks_a_person_says_so():
    page = evaluation_page(make_evaluation(policy=PromotionPolicy(preset="automatic_5"), gain=0.0))
    assert '<header class="verdict manual">' in page
    assert "<h1>Ask a person</h1>" in page
    assert "A person decides." in page


def test_every_picture_has_a_title_a_caption_and_words_for_those_who_do_not_see_it(promoted):
    page = evaluation_page(promoted)
    titles = re.findall(r"<h3>(.*?)</h3>", page)
    assert titles == [
        "Score by label",
        "Positives reached",
        "Calibration",
        "Rounded score against label",
        "Spearman by weekday",
        "What the model looks at",
    ]
    assert page.count("<figcaption>") == 6
    assert (
        len(re.findall(r'<svg role="img" viewBox="[^"]+" aria-label="[^"]{20,}"><title>[^<]{20,}</title>', page)) == 7
    )


def test_the_page_asks_for_nothing_outside_itself_and_runs_no_script(promoted):
    page = evaluation_page(promoted)
    assert "<script" not in page
    assert not re.findall(r'(?:src|href|xlink:href)="(?!#|data:,)', page)
    assert not re.findall(r"https?://|url\((?!#)|@import", page)
    assert "default-src 'none'" in page


def test_every_id_stands_once_and_every_reference_finds_its_id(promoted):
    page = evaluation_page(promoted)
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)|aria-labelledby="([^"]+)"', page)) <= {
        tuple(name if place == at else "" for place in range(3)) for name in ids for at in range(3)
    }


def test_the_same_evaluation_gives_the_same_page_also_after_json(promoted):
    again = Evaluation.from_json(promoted.to_json())
    assert evaluation_page(again) == evaluation_page(promoted)


def test_pictures_take_their_colours_from_the_page_so_that_dark_mode_reaches_them(promoted):
    svg = "".join(re.findall(r"<svg.*?</svg>", evaluation_page(promoted), flags=re.S))
    assert "var(--candidate)" in svg
    assert set(re.findall(r"#[0-9a-f]{6}", svg)) <= {"#000000"}


def test_names_from_the_data_are_text_and_never_markup():
    hostile = '<script>alert("$x$")</script>'
    page = evaluation_page(make_evaluation(importance={hostile: 1.0}, outcome_name="<b>won</b>"))
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;" in page


def test_how_it_was_judged_names_rows_days_digests_and_terms(promoted):
    page = evaluation_page(promoted)
    judged = page[page.index('id="judged"') :]
    for fact in (
        "2,400",
        "2026-03-05 to 2026-03-07 (3 days)",
        "10,412 rows of 2026-02-16 to 2026-03-03",
        promoted.subject.candidate_digest,
        promoted.subject.policy_digest,
        promoted.digest,
        f"version 7, {promoted.subject.champion_digest}",
    ):
        assert fact in judged


def test_a_first_model_shows_its_own_interval_and_no_empty_columns(first):
    page = evaluation_page(first)
    assert "Champion</th>" not in page
    assert "Change</th>" not in page
    assert f'<p class="glance">{first.candidate_metrics["spearman"]:.4f}</p>' in page


def test_a_handful_of_rows_still_makes_a_page(tiny):
    page = evaluation_page(tiny)
    assert "<h1>No verdict yet</h1>" in page
    assert "What the model looks at" not in page


def test_a_repeated_look_and_a_champion_that_saw_the_days_are_said_aloud():
    page = evaluation_page(make_evaluation(n=300, judged=3, comparable=False))
    assert "judged 3 times on these rows" in page
    assert "which flatters its numbers" in page


@on_every_screen
def test_the_page_fits_the_screen_and_its_words_do_not_collide(promoted, tmp_path, width, scheme):
    assert_fits(evaluation_page(promoted), tmp_path, width=width, scheme=scheme)
