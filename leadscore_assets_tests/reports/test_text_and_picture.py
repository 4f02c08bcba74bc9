"""An evaluation in a terminal and inside Dagster."""

from base64 import b64decode

from leadscore_assets.reports.picture import inline_png
from leadscore_assets.reports.terminal import comparison_text
from leadscore_assets_tests.reports.conftest import make_evaluation


def test_the_text_starts_with_the_verdict_and_its_reason(promoted):
    lines = comparison_text(promoted).splitlines()
    assert lines[0] == "Promote the candidate: week 2026-03-02"
    assert " ".join(lines).startswith(f"{lines[0]} {promoted.verdict.sentence}")
    assert max(map(len, lines)) <= 96


def test_the_text_shows_both_models_and_which_way_each_metric_moved(promoted):
    text = comparison_text(promoted)
    comparison = promoted.comparison
    assert f"{comparison.champion:.4f}     {comparison.candidate:.4f}   {comparison.difference:+.4f}  better" in text
    assert "MAE                 ↓" in text
    assert "champion version 7, 9f9f9f9f9f9f" in text


def test_a_lower_error_is_better_and_a_lower_spearman_is_worse():
    table = comparison_text(make_evaluation(gain=-0.5)).split("candidate    change\n")[1].split("\n\n")[0]
    rows = {line.split()[0]: line.split()[-1] for line in table.splitlines()}
    assert rows["Spearman"] == "worse"
    assert rows["MAE"] == "worse"


def test_metrics_that_only_one_model_has_show_a_dash_and_no_change():
    import dataclasses

    found = make_evaluation(n=300)
    half = dataclasses.replace(found, champion_metrics={"spearman": found.champion_metrics["spearman"]})
    line = next(line for line in comparison_text(half).splitlines() if line.startswith("MAE"))
    assert line.split()[2] == "-"
    assert len(line.split()) == 4


def test_a_first_model_and_one_that_fails_the_floor_say_so(first, tiny):
    assert "champion none" in comparison_text(first)
    assert "better" not in comparison_text(first).split("↑ higher")[0].split("\n\n")[1]
    assert comparison_text(tiny).startswith("No verdict yet")


def test_without_a_champion_a_bad_model_is_not_called_a_champion_to_keep():
    import dataclasses

    from leadscore_assets.domain.promotion import Verdict

    found = dataclasses.replace(
        make_evaluation(n=300, champion=False), verdict=Verdict("keep", "below_floor", ("Low.",))
    )
    assert comparison_text(found).startswith("Do not promote")


def test_the_picture_is_one_small_png_of_seven_hundred_pixels_and_the_same_every_time(promoted, tiny):
    for evaluation in (promoted, tiny):
        text = inline_png(evaluation)
        head, _, tail = text.partition("](data:image/png;base64,")
        content = b64decode(tail.removesuffix(")"), validate=True)
        assert head.startswith("![")
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (700, 260)
        assert len(text) < 100_000
        assert inline_png(evaluation) == text


def test_the_text_shows_gain_guardrails_and_segments(promoted):
    text = comparison_text(promoted)
    assert f"Shrunken gain         {promoted.posterior.mean:+.4f}" in text
    assert "Week 2026-02-23 again" in text
    lines = [line for line in text.splitlines() if line.endswith("  holds")]
    assert [line.split()[0] for line in lines] == ["MAE", "Brier", "Latency", "region", "region"]
