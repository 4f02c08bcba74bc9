"""Captures that SageMaker keeps in S3; it keeps requests as they came, so keys are hashed as they are read."""

import secrets
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.capture_hours import between, places
from leadscore_assets.backends.capture_lines import read_lines
from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.texts import spelled
from leadscore_assets.serving.masking import masked_key

ROOT = "capture"
_SECRET = "endpoint/capture-secret"  # noqa: S105 - the name of the object, not its content
_SECRET_BYTES = 32


class S3Captures:
    """Objects below `capture/<endpoint>/`; the deployment's secret is made when keys are first hashed."""

    def __init__(self, store: S3Store, *, endpoint: str, root: str = ROOT) -> None:
        self._store = store
        self._folder = f"{root}/{endpoint}/"
        self._unreadable = 0
        self._known: bytes | None = None

    def read(self, first: datetime, last: datetime) -> Iterator[pa.Table]:
        """Yield what was answered from `first` to before `last`, a table an object, oldest hours first."""
        variants = list(self._store.folders(self._folder, after=self._folder))
        for place in places(first, last):
            for folder in variants:
                for key, _ in self._store.objects(f"{folder}{place}"):
                    table = between(self._object(key, folder), first, last)
                    if table.num_rows:
                        yield table

    @property
    def unreadable(self) -> int:
        """How many lines could not be read so far."""
        return self._unreadable

    def masked(self, key: str) -> str:
        """Return what stands for a lead's key, the same for the same key in this deployment alone."""
        if self._known is None:
            self._known = self._secret()
        return masked_key(spelled(key), self._known)

    def _object(self, key: str, folder: str) -> pa.Table:
        stored = self._store.get(key) if key.endswith(".jsonl") else None
        variant = folder.removeprefix(self._folder).rstrip("/")
        found = read_lines(stored.content if stored else b"", variant=variant, mask=self.masked)
        self._unreadable += found.unreadable
        return found.table

    def _secret(self) -> bytes:
        stored = self._store.get(_SECRET)
        if stored is None:
            self._store.put(_SECRET, secrets.token_bytes(_SECRET_BYTES), only_new=True)
            stored = self._store.get(_SECRET)
        if stored is None:
            raise Missing(f"{self._store.uri(_SECRET)} cannot be kept; look at the bucket's rules")
        return stored.content
