"""What a package holds beyond SageMaker's limits: its metrics and lineage as documents in S3, and who has a version.

A document is named by its bundle's digest and does not change once its package is registered, so it is read once.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from leadscore_assets.backends.aws.requests_registry import statistics
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.packages import written
from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.semver import next_semver

_AT_ONCE = 16


class PackageDocuments:
    """The documents of all packages below `registry/`."""

    def __init__(self, store: S3Store) -> None:
        self._store = store
        self._kept: dict[str, Package] = {}

    def write(self, package: Package) -> tuple[str, bytes]:
        """Store a package's documents before it is registered; return the address and the bytes of its metrics.

        Of two who say the same at once the first one's moment stands. Raises InvalidInput for metrics or lineage that
        are not JSON.
        """
        parts = {name: json.loads(written(name, getattr(package, name))) for name in ("metrics", "lineage")}
        metrics = written("metrics", statistics(package.metrics)).encode()
        content = {**package.to_json(), **parts}
        key = f"registry/packages/{package.digest}/statistics.json"
        self._store.put(key, metrics)
        document = written("lineage", content).encode()
        if self._store.put(_key(package.digest), document, only_new=True) is None:
            there = self._store.get(_key(package.digest))
            moment = {"created_at": content["created_at"]}
            if there is None or json.loads(there.content) | moment != content:
                self._store.put(_key(package.digest), document)
        return self._store.uri(key), metrics

    def read(self, digests: Iterable[str]) -> dict[str, Package]:
        """Return packages as they were registered, by digest; raise CorruptArtefact."""
        wanted = list(dict.fromkeys(digests))
        missing = [digest for digest in wanted if digest not in self._kept]
        if len(missing) == 1:
            self._kept[missing[0]] = self._read(missing[0])
        elif missing:
            with ThreadPoolExecutor(_AT_ONCE, "registry") as pool:
                self._kept |= dict(zip(missing, pool.map(self._read, missing), strict=True))
        return {digest: self._kept[digest] for digest in wanted}

    def semver(self, digest: str, lineage: dict[str, Any], previous: Package | None) -> str:
        """Return the version that a bundle has or takes: no two bundles that are registered at once get the same."""
        while True:
            found = next_semver(previous, lineage)
            key = f"registry/semver/{found}.json"
            claim = {"digest": digest, "lineage": {name: lineage[name] for name in _DECIDING}}
            if self._store.put(key, json.dumps(claim).encode(), only_new=True) is not None:
                return found
            stored = self._store.get(key)
            holder = json.loads(stored.content) if stored else claim
            if holder["digest"] == digest:
                return found
            previous = _holder(found, holder)

    def _read(self, digest: str) -> Package:
        stored = self._store.get(_key(digest))
        place = self._store.uri(_key(digest))
        if stored is None:
            raise CorruptArtefact(f"{place} is gone; restore it from an earlier version of the object")
        try:
            package = Package.from_json(json.loads(stored.content))
        except (KeyError, TypeError, ValueError) as error:
            raise CorruptArtefact(
                f"{place} cannot be read ({error}); restore an earlier version of the object"
            ) from None
        if package.digest != digest:
            raise CorruptArtefact(f"{place} is of bundle {package.digest[:12]}; restore an earlier version of it")
        return package


_DECIDING = ("features_digest", "data_digest")


def _holder(semver: str, claim: dict[str, Any]) -> Package:
    """The bundle that has a version, with as much as the version after it is told from."""
    now = datetime.now(UTC)
    return Package(0, claim["digest"], now.date(), semver, "candidate", now, lineage=claim["lineage"])


def _key(digest: str) -> str:
    return f"registry/packages/{digest}/package.json"
