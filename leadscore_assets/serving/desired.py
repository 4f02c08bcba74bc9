"""The desired state of a scoring server: one file that the host writes and the server follows.

Generations only grow. Each file carries the last state that was seen to serve, so that a bundle that does not load
costs nothing: the host goes back to it, and so does a server that starts alone.
"""

from collections.abc import Sequence
from typing import Self

import msgspec

from leadscore_assets.domain.facts import Variant


class Placed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One variant and where its bundle lies (an absolute path)."""

    name: str
    digest: str
    version: int
    weight: float
    bundle: str

    @property
    def variant(self) -> Variant:
        """The variant without its place."""
        return Variant(name=self.name, digest=self.digest, version=self.version, weight=self.weight)


class Release(msgspec.Struct, frozen=True):
    """What shall be served under one generation number."""

    generation: int = 0
    variants: tuple[Placed, ...] = ()


class Desired(Release, frozen=True):
    """A release with its history: the highest generation ever issued and the last release that was seen to serve."""

    issued: int = 0
    last_good: Release | None = None

    @property
    def release(self) -> Release:
        """What shall be served now."""
        return Release(self.generation, self.variants)

    def followed_by(self, variants: Sequence[Placed]) -> Self:
        """Return the next generation; the last good release stays known."""
        number = self.issued + 1
        return msgspec.structs.replace(self, generation=number, issued=number, variants=tuple(variants))

    def confirmed(self) -> Self:
        """Return the same state with its release known to serve."""
        return msgspec.structs.replace(self, last_good=self.release)

    def withdrawn(self) -> Self:
        """Return the state before a release that does not serve; its number is never given again."""
        good = self.last_good or Release()
        return msgspec.structs.replace(self, generation=good.generation, variants=good.variants)
