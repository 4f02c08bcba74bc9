"""One training run as a folder in S3, once a name: parameters, metrics and small files below `runs/<name>/`."""

import json
import math
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.packages import written
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput

_NAME_LENGTH = 80


def record_run(
    store: S3Store,
    *,
    name: str,
    week: date,
    params: dict[str, Any],
    metrics: dict[str, float],
    files: Sequence[Path],
) -> str:
    """Record a run, unless one of this name is whole there, and return the address of its folder.

    `run.json` is written last and makes the run whole. Metrics that are not finite are left out. Raises InvalidInput
    naming a file that cannot be read.
    """
    folder = f"runs/{_folder(name)}/"
    if store.get(f"{folder}run.json") is None:
        for path in files:
            _upload(store, f"{folder}{path.name}", path)
        finite = {key: value for key, value in metrics.items() if math.isfinite(value)}
        run = {
            "name": name,
            "week": f"{week}",
            "params": params,
            "metrics": finite,
            "files": sorted(path.name for path in files),
        }
        store.put(f"{folder}run.json", json.dumps(json.loads(written("parameters", run)), indent=1).encode())
    return store.uri(folder)


def _folder(name: str) -> str:
    """Return a name as a key holds it; what it could not hold tells names apart by their digest."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_NAME_LENGTH]
    return f"{plain}-{digest_of(name)[:8]}"


def _upload(store: S3Store, key: str, path: Path) -> None:
    try:
        store.upload(key, path)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be used: {error.strerror}; look at the path and its rights") from None
