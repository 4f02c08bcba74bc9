"""What was asked of an endpoint, kept beside it in S3: SageMaker knows no warm model, no salt and no generation.

Numbers only grow and are never given again. Every write is conditional on what was read, so of two writers one learns
that it came second.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import CorruptArtefact, TransientError
from leadscore_assets.domain.facts import Record, Variant

_LONE_KEPT = 2


@dataclass(frozen=True)
class Generation(Record):
    """One thing that was asked for, the endpoint configuration that gives it, and since when it is in service."""

    number: int
    configuration: str
    variants: tuple[Variant, ...]
    shadow: Variant | None = None
    salt: str = ""
    since: datetime | None = None

    def says(self, variants: tuple[Variant, ...], shadow: Variant | None, salt: str) -> bool:
        """Tell whether this is what is asked for."""
        return (self.variants, self.shadow, self.salt) == (variants, shadow, salt)

    @property
    def lone(self) -> Variant | None:
        """The variant that answers everybody; None where several do, or where a shadow plays."""
        heavy = [item for item in self.variants if item.weight > 0]
        return heavy[0] if len(heavy) == 1 and self.shadow is None else None


@dataclass(frozen=True)
class Lone(Record):
    """A bundle that answered everybody, and the configuration by which it does so again."""

    digest: str
    configuration: str


@dataclass(frozen=True)
class EndpointRecord(Record):
    """The highest number given, what is wanted, what was last seen in service, and the ways back that are kept."""

    issued: int = 0
    wanted: Generation | None = None
    last_good: Generation | None = None
    lone: tuple[Lone, ...] = ()
    stopped: bool = False

    @property
    def configurations(self) -> frozenset[str]:
        """The names of the configurations that are still needed."""
        asked = [item.configuration for item in (self.wanted, self.last_good) if item]
        return frozenset([*asked, *(item.configuration for item in self.lone)])

    def answered(self, digest: str) -> bool:
        """Tell whether a bundle answered everybody, as far as it is remembered."""
        return any(item.digest == digest for item in self.lone)

    def asking(self, generation: Generation) -> Self:
        """Return the record that asks for something new."""
        return replace(self, issued=generation.number, wanted=generation, stopped=False)

    def confirmed(self, now: datetime) -> Self:
        """Return the record whose wish is in service; the present and the last bundle that stood alone are kept.

        So are those that a variant without traffic keeps warm.
        """
        if self.wanted is None:
            return self
        good = replace(self.wanted, since=self.wanted.since or now)
        return replace(self, wanted=good, last_good=good, lone=self._kept(good))

    def withdrawn(self) -> Self:
        """Return the record before a wish that did not come true; its number is never given again."""
        return replace(self, wanted=self.last_good)

    def _kept(self, good: Generation) -> tuple[Lone, ...]:
        found = self.lone
        if good.lone:
            others = tuple(item for item in found if item.digest != good.lone.digest)
            found = (*others, Lone(good.lone.digest, good.configuration))
        named = {item.digest for item in good.variants}
        return tuple(
            item for place, item in enumerate(found) if item.digest in named or place >= len(found) - _LONE_KEPT
        )


@dataclass(frozen=True)
class Kept:
    """A record as it was read, with the tag that a write must still find."""

    record: EndpointRecord
    tag: str | None


class EndpointRecords:
    """The record of one endpoint."""

    def __init__(self, store: S3Store, name: str) -> None:
        self._store = store
        self._name = name
        self._key = f"endpoint/{name}/desired.json"

    def read(self) -> Kept:
        """Return the record, an empty one where there is none; raise CorruptArtefact."""
        found = self._store.get(self._key)
        if found is None:
            return Kept(EndpointRecord(), None)
        try:
            return Kept(EndpointRecord.from_json(json.loads(found.content)), found.facts.etag)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            remedy = "bring back its last version (the bucket keeps versions)"
            raise CorruptArtefact(f"{self._key} in the bucket cannot be read ({error}); {remedy}") from None

    def write(self, kept: Kept, record: EndpointRecord) -> Kept:
        """Write a record in the place of the one that was read; raise TransientError when another came first."""
        if record == kept.record:
            return kept
        content = json.dumps(record.to_json(), indent=1).encode()
        tag = self._store.put(self._key, content, only_new=kept.tag is None, instead_of=kept.tag)
        if tag is None:
            raise TransientError(f"another deployment to {self._name} is under way; try again later")
        return Kept(record, tag)
