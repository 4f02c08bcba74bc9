"""A lock between machines: a lease object in S3, renewed by its holder, taken over by anybody once it has expired.

Whoever writes it first on a condition has it; S3's own clock tells its age, so no machine's clock matters. A holder
that was cut off finds out when it gives the lease back, at the latest.
"""

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Self
from uuid import uuid4

from leadscore_assets.backends.aws.errors import AwsError
from leadscore_assets.backends.aws.s3_store import S3Store, StoredObject
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.domain.errors import CorruptArtefact, LeadscoreError, TransientError

log = logging.getLogger(__name__)
LEASE_SECONDS = 45.0
# S3 tells its times in whole seconds, so an age is right to one second.
_GRAIN = 1.0
_BEATS = 3
_TRIES = 2


@dataclass(frozen=True)
class _Claim:
    """What stands in a lease object: whose it is, for how long after it was written, or that nobody has it."""

    holder: str
    token: str
    seconds: float
    free: bool = False

    @classmethod
    def read(cls, found: StoredObject, where: str) -> Self:
        try:
            return cls(**json.loads(found.content))
        except (ValueError, TypeError) as error:
            raise CorruptArtefact(f"{where} is no lease ({error}); delete it when nothing is at work") from None

    def has_expired(self, found: StoredObject) -> bool:
        age = (found.facts.asked - found.facts.modified).total_seconds()
        return self.free or age > self.seconds + _GRAIN


class S3Lease:
    """One try to hold a lease. `seconds` is how long it outlives its holder; it is renewed thrice in that time."""

    def __init__(self, store: S3Store, key: str, *, name: str, seconds: float, patience: Patience) -> None:
        self._store, self._key, self._name, self._patience = store, key, name, patience
        self._claim = _Claim(f"process {os.getpid()} of {socket.gethostname()}", uuid4().hex, seconds)
        self._etag: str | None = None
        self._holder = "another run"
        self._ended = threading.Event()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lease; raise TransientError when it stays taken, or was lost before the end."""
        self._acquire()
        beat = threading.Thread(target=self._keep, name=f"lease-{self._name}", daemon=True)
        beat.start()
        try:
            yield
        except BaseException as error:
            self._end(beat)
            self._give_up(error)
            raise
        self._end(beat)
        if not self._release():
            raise TransientError(self._loss())

    def _acquire(self) -> None:
        try:
            await_end(self._take, what=f"lock {self._name}", patience=self._patience)
        except AwsError:
            raise
        except TransientError:
            told = f"lock {self._name} was taken for {self._patience.deadline:g} s by {self._holder}"
            remedy = "another run is at work on it: wait for it or cancel it, then try again"
            raise TransientError(f"{told} ({self._store.uri(self._key)}); {remedy}") from None

    def _take(self) -> bool | None:
        found = self._store.get(self._key)
        if found is None:
            self._etag = self._store.put(self._key, _bytes(self._claim), only_new=True)
            return True if self._etag else None
        claim = _Claim.read(found, self._store.uri(self._key))
        if claim.token == self._claim.token:
            # Ours since the look before, whose answer was lost on its way.
            self._etag = found.facts.etag
        elif claim.has_expired(found):
            self._etag = self._store.put(self._key, _bytes(self._claim), instead_of=found.facts.etag)
        self._holder = claim.holder
        return True if self._etag else None

    def _keep(self) -> None:
        while self._etag and not self._ended.wait(self._claim.seconds / _BEATS):
            try:
                self._write(self._claim)
            except LeadscoreError as error:
                log.warning("lock %s could not be renewed: %s", self._name, error)
        if not self._etag:
            log.warning(self._loss())

    def _write(self, claim: _Claim) -> None:
        """Write a claim in the place of our last one; afterwards `_etag` is None when somebody else's stands there."""
        for _ in range(_TRIES):
            if self._etag is None:
                return
            written = self._store.put(self._key, _bytes(claim), instead_of=self._etag)
            self._etag = written or self._own_version()
            if written:
                return

    def _own_version(self) -> str | None:
        """Return the ETag of what stands there if it is ours: written, though the answer was lost on its way."""
        found = self._store.get(self._key)
        if found is None or _Claim.read(found, self._store.uri(self._key)).token != self._claim.token:
            return None
        return found.facts.etag

    def _end(self, beat: threading.Thread) -> None:
        self._ended.set()
        beat.join()

    def _release(self) -> bool:
        self._write(replace(self._claim, free=True))
        return self._etag is not None

    def _give_up(self, error: BaseException) -> None:
        """Give the lease back after an error, which is what must be told."""
        try:
            kept = self._release()
        except LeadscoreError as other:
            log.warning("lock %s is free when its lease expires: %s", self._name, other)
            return
        if not kept:
            error.add_note(self._loss())

    def _loss(self) -> str:
        told = (
            f"lock {self._name} was lost while it was held: not renewed for {self._claim.seconds:g} s, another took it"
        )
        return f"{told} ({self._store.uri(self._key)}); look whether two runs are at work, then run this again"


def _bytes(claim: _Claim) -> bytes:
    return json.dumps(asdict(claim)).encode()
