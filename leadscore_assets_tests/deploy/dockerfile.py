"""Performs a Dockerfile without an engine: its steps in a folder in the place of `/`, with a fresh Python.

Only the few instructions that the product's files use are known; any other is an error, never passed over.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NAMED_ONLY = ("FROM", "LABEL", "USER", "EXPOSE")


class StepFailed(Exception):
    """A RUN step that ended badly, with what it said."""


@dataclass(frozen=True)
class Instruction:
    name: str
    value: str


def instructions(path: Path) -> list[Instruction]:
    """Read a Dockerfile's instructions in order."""
    kept = [line for line in path.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(kept))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line.strip()]


def tracked() -> list[str]:
    """Return the repository's files, also those that are not committed yet."""
    told = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    return told.stdout.decode().splitlines()


def in_context(ignore: Path, files: Sequence[str]) -> list[str]:
    """Return the files that a .dockerignore lets into the build's context: the last rule that fits a path decides."""
    rules = ignore.read_text().split()
    return [file for file in files if _let_in(file, rules)]


@dataclass
class Image:
    """What the steps made below `root`; `python` is the folder of the programs that the base image brings."""

    root: Path
    python: Path
    context: Path
    files: Sequence[str]
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    @property
    def place(self) -> Path:
        """The working directory below the root."""
        return self.root / self.workdir.lstrip("/")

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process in the image: none of ours but what reaches a package index."""
        ours = {name: value for name, value in os.environ.items() if re.match(r"PIP_|LANG$|\w+_proxy$", name)}
        mapped = {name: self._mapped(value) for name, value in self.environment.items()}
        return {**ours, "PATH": f"{self.python}{os.pathsep}/usr/bin{os.pathsep}/bin", **mapped}

    def perform(self, steps: Sequence[Instruction]) -> None:
        """Perform instructions in order; raise StepFailed, and LookupError for one that is not known."""
        known = {
            "WORKDIR": self._workdir,
            "ENV": self._env,
            "COPY": self._copy,
            "RUN": self._run,
            "ENTRYPOINT": lambda value: self.entrypoint.extend(json.loads(value)),
            "CMD": lambda value: self.command.extend(json.loads(value)),
        }
        for step in steps:
            if step.name not in _NAMED_ONLY:
                known[step.name](step.value)

    def _workdir(self, value: str) -> None:
        self.workdir = value
        self.place.mkdir(parents=True, exist_ok=True)

    def _env(self, value: str) -> None:
        self.environment |= dict(pair.split("=", 1) for pair in shlex.split(value))

    def _copy(self, value: str) -> None:
        *sources, target = shlex.split(value)
        for source in sources:
            found = list(_below(source, self.files))
            if not found:
                raise LookupError(f"COPY {source}: not in the build's context")
            for file in found:
                inside = Path(file).relative_to(source) if file != source else Path(Path(file).name)
                to = self.place / target / inside
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.context / file, to)

    def _run(self, value: str) -> None:
        done = subprocess.run(
            ["sh", "-c", value], cwd=self.place, env=self.variables, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StepFailed(f"RUN {value}\n{done.stdout}\n{done.stderr}")

    def _mapped(self, value: str) -> str:
        return f"{self.root}{value}" if value.startswith("/") else value


def fresh_python(folder: Path) -> Path:
    """Make a virtual environment as bare as the base image's Python, and return the folder of its programs."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin"


def _below(source: str, files: Sequence[str]) -> Iterator[str]:
    for file in files:
        if file == source or file.startswith(f"{source}/"):
            yield file


def _let_in(file: str, rules: Sequence[str]) -> bool:
    parents = ["/".join(file.split("/")[: depth + 1]) for depth in range(file.count("/") + 1)]
    inside = True
    for text in rules:
        pattern = text.removeprefix("!").removeprefix("**/")
        names = [name.rpartition("/")[2] for name in parents] if "**/" in text else parents
        if any(fnmatch(name, pattern) for name in names):
            inside = text.startswith("!")
    return inside
