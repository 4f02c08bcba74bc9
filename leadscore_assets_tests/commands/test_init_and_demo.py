"""`leadscore init` and `leadscore demo`: homes made from data, and a whole loop from nothing."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from leadscore_assets.commands import demo
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.domain.generator import small_contract, small_policy
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.conftest import end_server
from leadscore_assets_tests.home import POLICY, WEEKS, Home, free_port, leads, run_cli, write_csv, write_parquet


@pytest.fixture
def small_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A demo on the ten-feature leads, so that it is quick."""
    from leadscore_assets.backends import home_files

    written = home_files.write_home

    def write(home: Path, *, settings: Any, contract: Any, policy: Any) -> list[Path]:
        source = {"kind": "generator", "preset": "small"}
        chosen = {**small_policy(), "training": POLICY["training"]}
        return written(home, settings={**settings, "source": source}, contract=small_contract(), policy=chosen)

    monkeypatch.setattr(home_files, "write_home", write)
    home = Home(tmp_path / "demo", free_port())
    yield home
    end_server(home)


def test_the_demo_leaves_a_live_endpoint_and_a_request_to_try(small_demo: Home) -> None:
    arguments = ("demo", "--weeks", "6", "--train", "1", "--port", f"{small_demo.port}")
    out = " ".join(small_demo.cli(*arguments).out.split())
    assert "Live: version 1 (v1.0.0)" in out
    assert f"curl -s http://127.0.0.1:{small_demo.port}/invocations" in out
    found = small_demo.cli(*arguments, "--json").json
    assert (found["weeks"], len(found["trained"]), found["champion"]["version"]) == (6, 1, 1)
    assert found["endpoint"]["running"] is True
    assert Path(found["page"]).is_file()
    assert Path(found["list"]).is_file()
    lead = json.loads((small_demo.path / "sample_lead.json").read_text())
    assert "lead_id" in lead
    assert "lead_score" not in lead


def test_a_stored_lead_becomes_a_request_without_missing_values_label_and_outcome() -> None:
    row = {"lead_id": "a", "created_at": datetime(2026, 1, 5, tzinfo=UTC), "industry": None, "lead_score": 3}
    found = demo.lead_as_request(row, small_contract())
    assert found == {"lead_id": "a", "created_at": "2026-01-05T00:00:00+00:00"}


def test_a_home_for_generated_leads_starts_twelve_weeks_back(tmp_path: Path) -> None:
    told = run_cli("--home", str(tmp_path / "home"), "init", "--preset", "small", "--json")
    assert len(told.json["features"]) == 10
    assert load_settings(tmp_path / "home").values.start_week == week_of(datetime.now(UTC).date()) - WEEK * 12


@pytest.mark.parametrize("kind", ["csv", "parquet", "folder", "pattern"])
def test_a_home_is_drafted_from_a_users_own_files(tmp_path: Path, kind: str) -> None:
    for week in WEEKS[:3]:
        write_csv(tmp_path / "files" / f"{week}.csv", leads(week))
    whole = pa.concat_tables([leads(week) for week in WEEKS[:3]])
    data = {
        "csv": write_csv(tmp_path / "one.csv", whole),
        "parquet": write_parquet(tmp_path / "one.parquet", whole),
        "folder": tmp_path / "files",
        "pattern": tmp_path / "files" / "*.csv",
    }[kind]
    found = run_cli("--home", str(tmp_path / "home"), "init", "--data", str(data), "--json").json
    assert found["features"] == ["employees", "revenue", "opened_mail", "industry"]
    assert found["start_week"] == f"{WEEKS[0]}"
    contract = load_settings(tmp_path / "home").contract()
    assert (contract.key, contract.created_at, contract.label, contract.outcome) == (
        "lead_id",
        "created_at",
        "lead_score",
        "converted",
    )


def test_init_says_what_it_guessed_and_left_out(tmp_path: Path) -> None:
    table = pa.concat_tables([leads(week) for week in WEEKS[:3]])
    table = table.append_column("always", pa.array(["x"] * table.num_rows)).rename_columns(
        {"lead_score": "grade", "converted": "won"}
    )
    data = str(write_csv(tmp_path / "leads.csv", table))
    told = run_cli("--home", str(tmp_path / "home"), "init", "--data", data, "--label", "grade", "--outcome", "won")
    assert told.code == 0, told
    assert "guessed: " in told.out
    assert "left out: always" in told.out
    assert f"leadscore --home {tmp_path / 'home'} retrain" in " ".join(told.out.split())
    contract = load_settings(tmp_path / "home").contract()
    assert (contract.label, contract.outcome) == ("grade", "won")
