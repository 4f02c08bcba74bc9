"""Packages that the training image lacks, as wheels for its Python, in the versions that are installed here."""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from leadscore_assets.domain.errors import Missing, TransientError

PYTHON = "3.12"
_PLATFORMS = ("manylinux2014_x86_64", "manylinux_2_28_x86_64")
_IN_THE_IMAGE = frozenset({"numpy", "scipy", "pandas", "pyarrow", "xgboost", "scikit-learn"})
_IMAGE = {
    "python_version": PYTHON,
    "python_full_version": f"{PYTHON}.0",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "extra": "",
}


def pins(roots: Iterable[str]) -> tuple[str, ...]:
    """Return `name==version` of packages and all they need beside the image's own, sorted; raise Missing."""
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    waiting: list[str] = [canonicalize_name(name) for name in roots]
    while waiting:
        name = waiting.pop()
        if name in found or name in _IN_THE_IMAGE:
            continue
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            raise Missing(f"{name}, which training needs, is not installed here; install it and try again") from None
        waiting.extend(_needs(name))
    return tuple(f"{name}=={version}" for name, version in sorted(found.items()))


def fetch_wheels(wanted: Iterable[str], folder: Path) -> None:
    """Put a wheel of each pinned package into a folder, by pip as it is set up here.

    Raise Missing where there is no pip, TransientError where it reaches no index.
    """
    platforms = [f"--platform={name}" for name in _PLATFORMS]
    rules = ["--no-deps", "--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}", *platforms]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", *rules]
    done = subprocess.run([*command, f"--dest={folder}", *wanted], capture_output=True, text=True, check=False)
    if not done.returncode:
        return
    told = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    if told and "No module named pip" in told[0]:
        raise Missing(f"{sys.executable} has no pip to fetch packages for training jobs with; install pip there")
    raise TransientError(
        f"packages for training jobs could not be fetched ({told[0] if told else 'no reason given'}); they are needed "
        "once a version of the product: start one training from a machine that reaches a package index"
    )


def _needs(name: str) -> Iterator[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    for text in metadata.requires(name) or ():
        need = Requirement(text)
        if need.marker is None or need.marker.evaluate(_IMAGE):
            yield canonicalize_name(need.name)
