"""Dagster's image and the one machine's compose file: pinned, without secrets, reached from loopback only."""

import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_FILE = (DEPLOY / "aws" / "Dockerfile").read_text()
_COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "docker-compose.yaml").read_text())
_SERVICES: dict[str, dict[str, Any]] = _COMPOSE["services"]


def _steps(word: str) -> list[str]:
    return re.findall(rf"^{word} (.+)$", _FILE.replace("\\\n", " "), re.MULTILINE)


def test_the_image_is_built_from_pinned_things_only() -> None:
    stages = set(re.findall(r" AS (\w+)", _FILE))
    for base in (step.split()[0] for step in _steps("FROM")):
        assert base in stages or re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base), base
    version = re.search(r"^UV := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert version
    assert f"uv=={version[1]}" in _FILE
    assert "--constraint constraints.txt" in _FILE
    assert "--hash=sha256:" in (ROOT / "constraints.txt").read_text()
    assert not _steps("ADD")


def test_the_image_installs_extras_that_there_are() -> None:
    asked = re.search(r"'\.\[([\w,]+)\]'", _FILE)
    assert asked
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(asked[1].split(",")) <= set(extras)
    assert "dev" not in asked[1]


def test_what_the_image_copies_is_there() -> None:
    for step in _steps("COPY"):
        *sources, _ = (word for word in step.split() if not word.startswith("--"))
        if "--from=" not in step:
            assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_image_runs_as_nobody_special() -> None:
    assert _steps("USER") == ["10001:10001"]
    assert _FILE.index("\nUSER ") > _FILE.index("\nRUN groupadd")
    assert "--uid 10001" in _FILE


def test_the_image_holds_rules_and_no_secret() -> None:
    assert "leadscore.toml contract.toml policy.toml" in _FILE
    assert not re.search(r"(?i)(password|secret|token)\s*=", _FILE)


def test_every_port_is_published_on_loopback() -> None:
    ports = [port for service in _SERVICES.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:${UI_PORT:-3000}:3000"]


def test_no_secret_stands_in_the_compose_file() -> None:
    variables = [item for service in _SERVICES.values() for item in service["environment"].items()]
    secret = [(name, value) for name, value in variables if "PASSWORD" in name or "SECRET" in name]
    assert {name for name, _ in secret} == {"DAGSTER_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE"}
    assert {value for _, value in secret} == {"/run/secrets/database_password"}
    assert _COMPOSE["secrets"] == {
        "database_password": {"file": "${SECRETS:?a folder with the file database_password}/database_password"}
    }


def test_every_service_is_pinned_or_built_here_and_gains_no_rights() -> None:
    assert set(_SERVICES) == {"database", "code", "webserver", "daemon"}
    for name, service in _SERVICES.items():
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["image"] == "leadscore-dagster" or re.fullmatch(r"postgres:\d+\.\d+-\w+", service["image"])
    build = _SERVICES["code"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    assert f" AS {build['target']}" in _FILE


def test_every_file_that_compose_mounts_is_there() -> None:
    mounts = [mount for service in _SERVICES.values() for mount in service["volumes"] if mount.startswith("./")]
    assert mounts
    assert all((DEPLOY / mount.split(":")[0]).is_file() for mount in mounts)


def test_the_example_names_every_variable_that_compose_must_be_told() -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (DEPLOY / "docker-compose.yaml").read_text()))
    given = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert asked
    assert asked <= given


def test_a_password_goes_from_its_file_to_one_command(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a b'c\n")
    command = ["sh", f"{DEPLOY / 'with_password.sh'}", "sh", "-c", 'printf "%s|%s" "$PGPASSWORD" "$1"', "-", "x y"]
    environment = {"PATH": os.environ["PATH"], "DAGSTER_PASSWORD_FILE": f"{tmp_path / 'password'}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "a b'c|x y"


def test_without_a_password_nothing_is_started(tmp_path: Path) -> None:
    command = ["sh", f"{DEPLOY / 'with_password.sh'}", "echo", "started"]
    environment = {"PATH": os.environ["PATH"], "DAGSTER_PASSWORD_FILE": f"{tmp_path / 'none'}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "started" not in done.stdout


@pytest.mark.parametrize("name", ["code", "webserver", "daemon"])
def test_a_service_starts_alike_on_one_machine_and_on_ecs(name: str) -> None:
    tasks = (DEPLOY / "aws" / "services.yaml").read_text()
    command = " ".join(_SERVICES[name]["command"])
    program = {
        "code": "dagster api grpc -h 0.0.0.0 -p 4000",
        "webserver": "dagster-webserver",
        "daemon": "dagster-daemon",
    }
    assert program[name] in command
    assert program[name].split()[0] in tasks
