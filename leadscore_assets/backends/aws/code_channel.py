"""The `code` channel: the training program and what the image lacks, put into the bucket once a version.

code/<digest>/train.py        the entry point, written last: where it is, all of it is
code/<digest>/product.zip     the product's own modules that a job needs
code/<digest>/*.whl           packages that the image lacks
"""

import zipfile
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.vendored import PYTHON, fetch_wheels, pins
from leadscore_assets.backends.ports import TrainingJob
from leadscore_assets.domain.digests import digest_of

_PACKAGES = ("domain", "jobs")
_KINDS = (".py", ".toml")
_EPOCH = (1980, 1, 1, 0, 0, 0)
Fetch = Callable[[Iterable[str], Path], None]


class CodeSource(Protocol):
    """Where a job's program comes from."""

    def address(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> str:
        """Return the address of a channel with the program as train.py, ending in a slash."""
        ...


class CodeChannel:
    """The product's code in a bucket; `fetch` gets the wheels, from the package index that pip knows by default."""

    def __init__(self, store: S3Store, *, fetch: Fetch = fetch_wheels) -> None:
        self._store = store
        self._fetch = fetch

    def address(self, job: TrainingJob, *, on_line: Callable[[str], None]) -> str:
        """Return the channel's address for a job, uploaded first where it is not there yet."""
        wanted = pins(roots_of(job))
        files = product_files()
        digest = digest_of([PYTHON, wanted, {name: sha256(content).hexdigest() for name, content in files.items()}])
        key = f"code/{digest}/"
        if self._store.head(f"{key}train.py") is None:
            on_line(f"uploading the training program with {', '.join(wanted)}")
            self._upload(key, files, wanted)
        return self._store.uri(key)

    def _upload(self, key: str, files: dict[str, bytes], wanted: tuple[str, ...]) -> None:
        with TemporaryDirectory(prefix="leadscore-code-") as scratch:
            folder = Path(scratch)
            self._fetch(wanted, folder)
            pack_product(files, folder / "product.zip")
            for path in sorted(folder.iterdir()):
                self._store.upload(f"{key}{path.name}", path)
        self._store.put(f"{key}train.py", files["leadscore_assets/jobs/bootstrap.py"])


def roots_of(job: TrainingJob) -> tuple[str, ...]:
    """Return the packages that a job imports and the image lacks; Optuna and LightGBM only where it uses them."""
    found = ["pydantic"]
    if job.documents.get("policy", {}).get("tuning", {}).get("trials"):
        found.append("optuna")
    if "lightgbm" in job.hyperparameters.get("learners", ""):
        found.append("lightgbm")
    return tuple(found)


def product_files() -> dict[str, bytes]:
    """Return the product's files that a training job needs, by their name in the archive."""
    root = resources.files("leadscore_assets")
    found = {"leadscore_assets/__init__.py": root.joinpath("__init__.py").read_bytes()}
    for package in _PACKAGES:
        for item in root.joinpath(package).iterdir():
            if item.name.endswith(_KINDS):
                found[f"leadscore_assets/{package}/{item.name}"] = item.read_bytes()
    return dict(sorted(found.items()))


def pack_product(files: dict[str, bytes], archive: Path) -> None:
    """Write files to a zip archive; equal files give an equal archive."""
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
