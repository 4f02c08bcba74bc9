"""One machine with systemd: units that systemd itself accepts, and Dagster's settings on PostgreSQL."""

import os
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from leadscore_assets_tests.backends.postgres import cluster
from leadscore_assets_tests.deploy.commands import commands_in, told_wrong

FOLDER = Path(__file__).parents[2] / "deploy" / "systemd"
UNITS = sorted(path for path in FOLDER.iterdir() if path.suffix in (".service", ".timer", ".target"))
SERVICES = [path for path in UNITS if path.suffix == ".service"]
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units with the programs that they start, as far as systemd looks at them."""
    shutil.copytree(FOLDER, tmp_path / "units")
    programs = {found for path in SERVICES for found in re.findall(r"/opt/leadscore/bin/([\w-]+)", path.read_text())}
    for path in (tmp_path / "units").glob("*.service"):
        text = path.read_text().replace("/opt/leadscore/bin", f"{tmp_path}").replace("/usr/bin/pg_dump", "/usr/bin/env")
        path.write_text(text)
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path / "units"


def analyzed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    place = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
    program = ["systemd-analyze", *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False, env=place)


@needs_systemd
def test_systemd_accepts_every_unit(installed: Path) -> None:
    found = analyzed(installed, "verify", "--man=no", *(f"{installed / path.name}" for path in UNITS))
    assert (found.returncode, found.stderr) == (0, "")


@needs_systemd
@pytest.mark.parametrize("wrong", ["Typ=exec", "ExecStart=/nowhere/at-all", "Restart=perhaps"])
def test_what_systemd_would_not_accept_is_found(installed: Path, wrong: str) -> None:
    path = installed / "leadscore-daemon.service"
    path.write_text(path.read_text() + f"{wrong}\n")
    assert analyzed(installed, "verify", "--man=no", f"{path}").stderr


@needs_systemd
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.stem)
def test_no_service_may_do_more_than_it_needs(installed: Path, path: Path) -> None:
    found = analyzed(installed, "security", "--offline=true", "--threshold=40", f"{installed / path.name}")
    assert found.returncode == 0, found.stdout[-400:]


def test_every_command_that_a_unit_runs_is_there_with_its_options() -> None:
    lines = [line for path in SERVICES for line in re.findall(r"^Exec\w+=(.+)$", path.read_text(), re.MULTILINE)]
    found = [item for line in lines for item in commands_in(line)]
    assert {item[0] for item in found} == {"leadscore", "dagster", "dagster-daemon", "dagster-webserver"}
    assert [wrong for item in found if (wrong := told_wrong(item))] == []


def test_every_unit_that_is_started_belongs_to_the_target() -> None:
    target = (FOLDER / "leadscore.target").read_text()
    named = set(re.findall(r"leadscore-[\w-]+\.(?:service|timer)", target))
    assert named == {path.name for path in UNITS} - {"leadscore.target", "leadscore-backup.service"}


def test_the_services_are_told_no_secret_and_agree_on_the_home() -> None:
    lines = [line for line in (FOLDER / "leadscore.env").read_text().splitlines() if line and line[0] != "#"]
    given = dict(line.split("=", 1) for line in lines)
    assert not [name for name in given if re.search("PASS|SECRET|TOKEN|KEY", name)]
    assert given["DAGSTER_HOME"] == f"{given['LEADSCORE_HOME']}/dagster"
    text = "".join(path.read_text() for path in (*UNITS, FOLDER / "Caddyfile", FOLDER / "dagster.yaml"))
    assert not re.search(r"(?i)password\s*[=:]\s*\S", text)
    assert f"{given['LEADSCORE_HOME']}/endpoint/desired.json" in (FOLDER / "leadscore-endpoint.service").read_text()


def test_ui_and_code_location_listen_to_this_machine_alone() -> None:
    assert "--host 127.0.0.1" in (FOLDER / "leadscore-webserver.service").read_text()
    (server,) = yaml.safe_load((FOLDER / "workspace.yaml").read_text())["load_from"]
    assert server["grpc_server"]["socket"] == "/run/leadscore/code.sock"
    assert "--socket /run/leadscore/code.sock" in (FOLDER / "leadscore-code.service").read_text()
    assert server["grpc_server"]["location_name"] == "leadscore_assets"


def settings() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((FOLDER / "dagster.yaml").read_text())
    return content


def test_dagsters_settings_are_those_of_every_home_but_for_where_runs_are_kept() -> None:
    home = yaml.safe_load(resources.files("leadscore_assets.backends").joinpath("home_dagster.yaml").read_text("utf-8"))
    assert {name: value for name, value in settings().items() if name != "storage"} == home


@dg.op(pool="training")
def work() -> None:
    """Take a place of a pool."""


@dg.job(executor_def=dg.in_process_executor)
def working_job() -> None:
    work()


@pytest.mark.skipif(shutil.which("initdb") is None, reason="needs PostgreSQL")
def test_runs_and_pools_are_kept_in_postgresql_reached_by_its_socket(tmp_path: Path) -> None:
    pytest.importorskip("dagster_postgres")
    with cluster(tmp_path) as url:
        port = url.rpartition(":")[2].partition("/")[0]
        content = settings()
        place = content["storage"]["postgres"]["postgres_url"].replace("leadscore@/leadscore", "ada@/postgres")
        place = place.replace("/var/run/postgresql", f"{tmp_path / 'data'}&port={port}")
        content["storage"] = {"postgres": {"postgres_url": place}}
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "dagster.yaml").write_text(yaml.safe_dump(content))
        with dg.DagsterInstance.from_config(f"{tmp_path / 'home'}") as instance:
            assert working_job.execute_in_process(instance=instance).success
            assert instance.get_runs_count() == 1
            assert instance.event_log_storage.get_concurrency_info("training").active_slot_count == 0
            assert instance.get_concurrency_config().pool_config.default_pool_limit == 1
