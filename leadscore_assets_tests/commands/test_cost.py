"""`leadscore cost`: an estimate that says so, with its date and what it leaves out."""

from pathlib import Path

from leadscore_assets_tests.home import run_cli


def test_a_month_is_estimated_without_a_home_and_without_aws(tmp_path: Path) -> None:
    told = run_cli("--home", f"{tmp_path / 'none'}", "cost")
    assert told.code == 0
    assert "Estimate: US$" in told.out
    assert "never a bill" in told.out
    assert "by prices of 2026-" in told.out
    assert "Not counted: taxes" in told.out


def test_the_same_as_json(tmp_path: Path) -> None:
    found = run_cli("--home", f"{tmp_path / 'none'}", "cost", "--region", "eu-west-1", "--no-dagster", "--json").json
    assert (found["estimate"], found["region"], found["prices_of"]) == (True, "eu-west-1", "us-east-1")
    assert found["total"] == round(sum(line["cost"] for line in found["lines"]), 2)
    assert found["not_counted"]


def test_a_table_of_ones_own_changes_the_sum_and_what_it_lacks_is_named(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('as_of = "2027-01"\n[regions.eu-west-1]\n"ml.c5.large" = 1.0\n')
    told = run_cli("--home", f"{tmp_path / 'none'}", "cost", "--region", "eu-west-1", "--prices", f"{own}").out
    assert "1,460.00" in told
    assert "Without a price, and not in the sum: " in told
    assert "stand in" not in told
