"""One machine's containers: only the proxy is reached, nobody is root, no secret is told, and every name is known."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from leadscore_assets.settings import EndpointSettings
from leadscore_assets_tests.deploy.commands import commands_in, told_wrong

DEPLOY = Path(__file__).parents[2] / "deploy"
TEXT = (DEPLOY / "docker-compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
HOW = (DEPLOY / "containers.md").read_text()
each_service = pytest.mark.parametrize("name", SERVICES)


def test_the_services_are_those_of_one_machine() -> None:
    assert set(SERVICES) == {"database", "proxy", "code", "webserver", "daemon", "backup-home", "backup-database"}


def test_the_proxy_alone_is_published_and_on_loopback() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"proxy": ["127.0.0.1:${UI_PORT:-3000}:8080", "127.0.0.1:${SCORING_PORT:-8321}:8081"]}
    assert not [name for name, service in SERVICES.items() if "network_mode" in service]


def test_no_secret_stands_in_the_file_or_in_a_variable() -> None:
    variables = [item for service in SERVICES.values() for item in service.get("environment", {}).items()]
    secret = {name: value for name, value in variables if re.search("PASSWORD|SECRET|TOKEN|KEY|HASH", name)}
    assert secret == dict.fromkeys(
        ("DAGSTER_PASSWORD_FILE", "POSTGRES_PASSWORD_FILE"), "/run/secrets/database_password"
    )
    assert COMPOSE["secrets"] == {
        name: {"file": f"${{SITE_FOLDER}}/secrets/{name}"}
        for name in ("database_password", "ui_users", "scoring_users")
    }
    shown = {name: service.get("secrets", []) for name, service in SERVICES.items()}
    assert shown.pop("proxy") == ["ui_users", "scoring_users"]
    assert {tuple(found) for found in shown.values()} == {("database_password",)}


@each_service
def test_a_service_is_pinned_runs_as_nobody_special_and_gains_no_rights(name: str) -> None:
    service = SERVICES[name]
    assert service["user"].startswith("${SITE_UID:?")
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert (service["restart"], service["init"]) == ("unless-stopped", True)
    assert re.fullmatch(r"leadscore-dagster|postgres:\d+\.\d+-\w+|caddy:\d+\.\d+\.\d+-\w+", service["image"])
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@each_service
def test_a_service_says_whether_it_is_well_and_waits_for_what_it_needs(name: str) -> None:
    service = SERVICES[name]
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    assert told_wrong(command) == ""
    needed = service.get("depends_on", {})
    assert set(needed) <= set(SERVICES)
    if isinstance(needed, dict):
        assert all(item == {"condition": "service_healthy"} for item in needed.values())


@each_service
def test_every_command_that_a_service_runs_is_there_with_its_options(name: str) -> None:
    command = SERVICES[name].get("command", [])
    # What a shell is given to run stands in one word.
    lines = command[-1].split(";") if "-c" in command else [shlex.join(command)]
    assert [wrong for line in lines for item in commands_in(line) if (wrong := told_wrong(item))] == []


def test_the_image_is_built_from_a_stage_that_is_there() -> None:
    build = SERVICES["code"]["build"]
    file = DEPLOY / build["context"] / build["dockerfile"]
    assert f" AS {build['target']}" in file.read_text()
    assert file.with_name("Dockerfile.dockerignore").is_file()


def test_every_file_that_is_mounted_is_there_and_every_folder_is_made_before() -> None:
    mounts = {mount.split(":/")[0] for service in SERVICES.values() for mount in service["volumes"]}
    files = {mount for mount in mounts if mount.startswith("./")}
    assert {name for name in files if not (DEPLOY / name).is_file()} == set()
    assert len(files) >= 5
    folders = {mount.rpartition("/")[2] for mount in mounts - files}
    assert folders == {"home", "leads", "backups", "database"}
    made = re.findall(r"^install -d .*$", HOW, re.MULTILINE)
    assert {name.rpartition("/")[2] for name in " ".join(made).split() if name.startswith("/")} == {*folders, "secrets"}


def test_the_example_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{(\w+)[:}]", TEXT)) - {"LEADSCORE_USER"}
    given = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert asked == given


def test_who_asks_whom_agrees_in_every_file() -> None:
    caddy = (DEPLOY / "Caddyfile").read_text()
    assert set(re.findall(r"(?<=reverse_proxy )(?:/\S+ )?(\S+:\d+)", caddy)) == {"webserver:3000", "code:8322"}
    assert re.findall(r"^:(\d+) \{", caddy, re.MULTILINE) == [
        port.rpartition(":")[2] for port in SERVICES["proxy"]["ports"]
    ]
    assert set(re.findall(r"/run/secrets/(\w+)", caddy)) == set(SERVICES["proxy"]["secrets"])
    started = SERVICES["code"]["command"][-1]
    assert f"forward.py 8322 {EndpointSettings().port} " in started
    (server,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    assert f"-p {server['grpc_server']['port']} " in started
    told = SERVICES["daemon"]["environment"]
    assert (told["LEADSCORE_CODE_HOST"], told["LEADSCORE_DATABASE_HOST"]) == ("code", "database")
    assert SERVICES["backup-database"]["environment"]["PGHOST"] == "database"
    owner = SERVICES["database"]["environment"]
    url = "postgresql+psycopg://{POSTGRES_USER}@database/{POSTGRES_DB}".format(**owner)
    assert f'url = "{url}"' in HOW


def test_the_database_is_dumped_after_the_home_whose_ledger_it_holds() -> None:
    times = [SERVICES[f"backup-{name}"]["command"][2] for name in ("home", "database")]
    assert times == sorted(times)
    assert all(re.fullmatch(r"\d\d:\d\d", at) for at in times)


@pytest.mark.parametrize(
    "line",
    [
        "leadscore --home x retrain --wek 2026-01-05",
        "sh /leadscore/with_password.sh leadscore backp /backups",
        "dagster-daemon liveness-checks",
        "x & leadscore endpoint start --now || true",
    ],
)
def test_a_word_that_no_command_knows_would_be_found(line: str) -> None:
    assert [told_wrong(item) for item in commands_in(line)] != [""]


@pytest.mark.parametrize("guide", ["containers.md", "README.md"])
def test_a_guide_names_only_commands_and_files_that_there_are(guide: str) -> None:
    text = (DEPLOY / guide).read_text()
    fenced = r"^```\w*\n(.*?)^```"
    lines = "\n".join(re.findall(fenced, text, re.MULTILINE | re.DOTALL)).replace("\\\n", " ").splitlines()
    lines += re.findall(r"`([^`\n]+)`", re.sub(fenced, "", text, flags=re.MULTILINE | re.DOTALL))
    found = [item for line in lines for item in commands_in(line)]
    assert len(found) >= 3
    assert [wrong for item in found if (wrong := told_wrong(item))] == []
    named = re.findall(r"deploy/(?!\.env)[\w./-]+\w(?![\w*])", " ".join(lines))
    assert [name for name in named if not list(DEPLOY.parent.glob(f"{name}*"))] == []


def test_compose_itself_accepts_the_file(tmp_path: Path) -> None:
    if shutil.which("docker") is None or subprocess.run(["docker", "compose", "version"], check=False).returncode:
        pytest.skip("needs Docker Compose")
    told = {"SITE_FOLDER": f"{tmp_path}", "SITE_UID": "1000", "SITE_GID": "1000"}
    command = ["docker", "compose", "-f", f"{DEPLOY / 'docker-compose.yaml'}", "config", "--quiet"]
    done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", **told}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
