"""Dagster's image: built from pinned things that its context lets in, without a secret."""

import re
import tomllib
from pathlib import Path

from leadscore_assets_tests.deploy.dockerfile import in_context, tracked

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
_FILE = (DEPLOY / "aws" / "Dockerfile").read_text()


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


def test_what_the_image_copies_is_in_its_context() -> None:
    context = in_context(DEPLOY / "aws" / "Dockerfile.dockerignore", tracked())
    for step in _steps("COPY"):
        *sources, _ = (word for word in step.split() if not word.startswith("--"))
        if "--from=" not in step:
            assert [source for source in sources if not _held(source, context)] == []
    assert {name.partition("/")[0] for name in context} >= {"leadscore_assets", "constraints.txt"}
    assert not [name for name in context if name.startswith(("leadscore_assets_tests", "docs", ".git"))]


def _held(source: str, context: list[str]) -> bool:
    return any(name == source or name.startswith(f"{source}/") for name in context)


def test_the_image_runs_as_nobody_special() -> None:
    assert _steps("USER") == ["10001:10001"]
    assert _FILE.index("\nUSER ") > _FILE.index("\nRUN groupadd")
    assert "--uid 10001" in _FILE


def test_the_image_holds_rules_and_no_secret() -> None:
    assert "leadscore.toml contract.toml policy.toml" in _FILE
    assert not re.search(r"(?i)(password|secret|token)\s*=", _FILE)
