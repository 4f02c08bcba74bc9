import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.instance.config import dagster_instance_config
from pydantic import ValidationError

from leadscore_assets.backends.home_files import policy_text, write_home
from leadscore_assets.domain.contract import Contract, default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.generator import small_contract
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.settings import load_settings
from leadscore_assets_tests.domain.drafts import drafted, raw_leads

SETTINGS: dict[str, Any] = {
    "endpoint": {"port": 9123},
    "start_week": date(2026, 1, 12),
    "source": {"kind": "files", "path": '/data/leads "2026" \\ ü/*.csv'},
}
POLICY: dict[str, Any] = {
    "name": "drafted",
    "window": {"minimum_rows": 500},
    "features": {"cap_iqr": 3.0},
    "lists": {"bands": {"top": 0.2, "rest": 1.0}},
}
FILES = ["contract.toml", "policy.toml", "dagster/dagster.yaml", "leadscore.toml"]


def written(home: Path, **changes: Any) -> list[Path]:
    return write_home(home, **{"settings": SETTINGS, "contract": default_contract(), "policy": POLICY, **changes})


@pytest.mark.parametrize(
    "contract",
    [
        default_contract(),
        small_contract(),
        small_contract().model_copy(update={"outcome": None}),
        drafted(raw_leads(größe=[1] * 1500, size=range(1500))).contract,
    ],
    ids=["built-in", "small", "without an outcome", "drafted"],
)
def test_what_is_written_reads_back_as_equal_objects(tmp_path: Path, contract: Contract):
    home = tmp_path / "new" / "home"
    assert written(home, contract=contract) == [home / name for name in FILES]
    settings = load_settings(home)
    assert settings.contract() == contract
    assert settings.policy() == policy_from(POLICY)
    assert settings.values.start_week == SETTINGS["start_week"]
    assert settings.values.endpoint.port == 9123
    assert settings.values.source.path == SETTINGS["source"]["path"]


def test_settings_with_drift_events_read_back(tmp_path: Path):
    event = {"kind": "shift", "start": date(2026, 2, 2), "feature": "visits", "size": 2.0}
    written(tmp_path / "home", settings={"source": {"kind": "generator", "events": [event]}})
    assert load_settings(tmp_path / "home").values.source.events[0].model_dump() == event


def test_the_policy_shows_every_key_and_each_comment_is_its_default():
    lines = policy_text({}).splitlines()
    assert policy_from(tomllib.loads("\n".join(lines))) == Policy()
    shown = [line.removeprefix("# ") if " = " in line and line.startswith("# ") else line for line in lines]
    opened = tomllib.loads("\n".join(line for line in shown if not line.startswith("Every")))
    usual = Policy().model_dump(mode="json", exclude_none=True)
    assert opened == usual


def test_a_policy_key_that_does_not_exist_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(ValidationError, match="minimum_row"):
        written(tmp_path / "home", policy={"window": {"minimum_row": 5}})
    assert not (tmp_path / "home").exists()


def test_a_home_is_not_written_over_unless_told_so(tmp_path: Path):
    written(tmp_path)
    (tmp_path / "policy.toml").unlink()
    with pytest.raises(
        InvalidInput, match=r"has a home already \(contract.toml, dagster/dagster.yaml, leadscore.toml\)"
    ):
        written(tmp_path, settings={})
    assert not (tmp_path / "policy.toml").exists()
    written(tmp_path, settings={"start_week": date(2026, 3, 2)}, overwrite=True)
    assert load_settings(tmp_path).values.start_week == date(2026, 3, 2)


def test_other_files_in_the_folder_are_left_alone(tmp_path: Path):
    (tmp_path / "leads.csv").write_text("mine")
    written(tmp_path)
    assert (tmp_path / "leads.csv").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_home_that_is_a_file_is_refused(tmp_path: Path):
    home = tmp_path / "home"
    home.write_text("a file")
    with pytest.raises(InvalidInput, match=r"home is a file, and a home is a folder; name another one with --home"):
        written(home)


def test_a_home_below_a_file_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(InvalidInput, match=r"file/home.* cannot be used"):
        written(tmp_path / "file" / "home")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_home_without_permission_to_write_is_refused_with_the_remedy(tmp_path: Path):
    tmp_path.chmod(0o500)
    with pytest.raises(
        InvalidInput, match="give yourself permission to that folder or choose another home with --home"
    ):
        written(tmp_path / "home")


def test_dagster_takes_its_settings_and_frees_what_a_killed_run_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    written(tmp_path)
    place = tmp_path / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", f"{place}")
    config, _ = dagster_instance_config(f"{place}")
    assert config["telemetry"] == {"enabled": False}
    assert config["retention"]["sensor"]["purge_after_days"]["skipped"] == 7
    with dg.DagsterInstance.from_config(f"{place}") as instance:
        assert instance.run_monitoring_enabled
        assert instance.get_concurrency_config().run_queue_config.max_concurrent_runs == 8
        assert instance.get_settings("run_monitoring")["free_slots_after_run_end_seconds"] == 60
        assert not instance.telemetry_enabled
        assert Path(instance.root_directory) == place
