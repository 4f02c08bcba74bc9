"""`leadscore compare` with a metric and a threshold: what it says, in three forms, and how it ends."""

from pathlib import Path

import pytest

from leadscore_assets_tests.home import NEW, WEEKS, Home


@pytest.fixture
def data(judged: Home) -> str:
    return f"{judged.data / f'{WEEKS[6]}.csv'}"


def test_the_exit_code_says_whether_the_whole_interval_reaches_the_threshold(judged: Home, data: str):
    reached = judged.cli("compare", f"{NEW}", "champion", "--data", data, "--threshold", "0.5")
    assert "Threshold 0.5: reached. Gain in Spearman +1." in reached.out
    missed = judged.cli("compare", "champion", f"{NEW}", "--data", data, "--threshold", "0", code=1)
    assert "Threshold 0: not reached. Gain in Spearman -1." in missed.out
    judged.cli("compare", "champion", f"{NEW}", "--data", data)


@pytest.mark.parametrize(("metric", "title"), [("auc", "AUC"), ("mae", "MAE"), ("f1", "F1")])
def test_any_metric_can_decide_and_better_is_positive(judged: Home, data: str, metric: str, title: str):
    told = judged.cli("compare", f"{NEW}", "champion", "--data", data, "--metric", metric, "--threshold", "0.01")
    assert f"Gain in {title} +" in told.out
    assert f"{title} decides" in told.out


def test_json_and_page_hold_the_same_verdict(judged: Home, data: str, tmp_path: Path):
    page = tmp_path / "page.html"
    told = judged.cli(
        *("compare", f"{NEW}", "champion", "--data", data, "--metric", "auc"),
        *("--threshold", "0.9", "--html", f"{page}", "--json"),
        code=1,
    ).json
    assert (told["threshold"], told["passed"], told["comparison"]["metric"]) == (0.9, False, "auc")
    assert told["comparison"]["method"] == "delong"
    assert "gain in AUC" in page.read_text(encoding="utf-8")


def test_a_metric_that_does_not_exist_is_refused(judged: Home, data: str):
    assert "auc" in judged.cli("compare", "1", "1", "--data", data, "--metric", "area", code=2).error


def test_a_bundle_compared_with_itself_reaches_only_what_is_not_a_gain(judged: Home, data: str):
    judged.cli("compare", "champion", "champion", "--data", data, "--threshold", "0")
    judged.cli("compare", "champion", "champion", "--data", data, "--threshold", "0.001", code=1)
