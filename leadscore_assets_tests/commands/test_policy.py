"""`leadscore policy`: what holds and why, the presets with their rates, refusals, and differences."""

from collections.abc import Callable
from pathlib import Path

import pytest

from leadscore_assets.domain.presets import PRESETS
from leadscore_assets_tests.home import Home


def test_every_value_is_shown_with_its_origin_and_the_digest(champion: Home):
    told = champion.cli("policy", "show")
    assert champion.platform().policy.digest in told.out
    found = {
        item["section"] + "." + item["key"]: item for item in champion.cli("policy", "show", "--json").json["settings"]
    }
    assert (found["window.minimum_rows"]["value"], found["window.minimum_rows"]["origin"]) == (200, "policy")
    assert found["promotion.guard"]["origin"] == "default"
    changed = champion.cli("policy", "show", "--changed").out
    assert "window.minimum_rows" in changed
    assert "promotion.guard" not in changed


def test_the_presets_are_listed_with_what_they_decide_and_their_rates(champion: Home):
    told = champion.cli("policy", "presets").out
    assert all(item.name in told for item in PRESETS)
    found = champion.cli("policy", "presets", "--json", "--section", "promotion").json["promotion"]
    assert found[0]["name"] == "default"
    assert all(item["measured"]["regret_1"] > 0 for item in found)


def test_a_policy_with_a_kpi_gate_is_refused_at_a_volume_that_cannot_decide_it(champion: Home, tmp_path: Path):
    path = tmp_path / "policy.toml"
    path.write_text('preset = "auc_2_or_kpi_5"\n')
    refused = champion.cli("policy", "check", f"{path}", "--rows", "3000", "--rate", "0.15", code=1)
    assert "about 26,000 would do" in refused.error
    assert "sound" in champion.cli("policy", "check", f"{path}", "--rows", "30000", "--rate", "0.15").out
    assert "60 test rows a week" in champion.cli("policy", "check", f"{path}", code=1).error


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[promotion]\ngaurd = -0.01\n", "promotion.gaurd = -0.01: Extra inputs are not permitted; remove the key"),
        (
            '[promotion]\npreset = "anygain"\n',
            "there is no preset 'anygain' of [promotion]; there are default, ",
        ),
        (
            '[promotion]\nrungs = [{name = "a", when = [{of = "relative_gain", metric = "auc", at_least = 2}]}]\n',
            "a relative gain of 2 is 200 %; write 0.02 for 2 %",
        ),
        ("[window]\ndays = 30\nmaximum_days = 7\n", "days = 30 is more than maximum_days = 7"),
        ("guard = \n", "is not valid TOML"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(champion: Home, tmp_path: Path, text: str, said: str):
    path = tmp_path / "policy.toml"
    path.write_text(text)
    assert said in champion.cli("policy", "check", f"{path}", code=1).error


def test_the_homes_own_policy_is_checked_and_a_hidden_rung_refused(champion: Home, copy: Callable[[Home], Home]):
    assert "sound" in champion.cli("policy", "check").out
    home = copy(champion)
    rungs = [
        f'{{name = "{name}", when = [{{of = "gain", above = {bound}}}]}}' for name, bound in (("a", 0.0), ("b", 0.1))
    ]
    home.set("rungs", f"rungs = [{', '.join(rungs)}]", file="policy.toml")
    assert "rung b never speaks" in home.cli("policy", "check", code=1).error


def test_differences_are_key_by_key(champion: Home):
    assert "promotion.widest_interval" in champion.cli("policy", "diff", "default", "any_gain").out
    found = champion.cli("policy", "diff", "default", "home", "--json").json
    assert {"key": "window.minimum_rows", "first": 10_000, "second": 200} in found
    assert "the same values" in champion.cli("policy", "diff", "home", "home").out
    assert "is no file and no preset" in champion.cli("policy", "diff", "home", "nobody", code=2).error
