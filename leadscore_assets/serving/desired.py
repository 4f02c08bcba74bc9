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
    """What shall be served under one generation number: variants, at most one shadow, the salt that deals the leads."""

    generation: int = 0
    variants: tuple[Placed, ...] = ()
    shadow: Placed | None = None
    salt: str = ""

    @property
    def configuration(self) -> str:
        """The name under which this release's traffic is counted; its number is never given again."""
        return str(self.generation) if self.generation else ""

    def says(self, other: "Release") -> bool:
        """Tell whether another release serves the same, whatever its number."""
        return (self.variants, self.shadow, self.salt) == (other.variants, other.shadow, other.salt)


class CaptureRules(msgspec.Struct, frozen=True):
    """What of the traffic is kept: its share, for how long, how much; columns masked beside the contract's own."""

    percent: float = 0.0
    keep_days: int = 30
    keep_megabytes: int = 1024
    masked: tuple[str, ...] = ()


class Desired(Release, frozen=True):
    """A release with its history: the highest generation ever issued and the last release that was seen to serve.

    `stopped` is true while a person wants no server to run.
    """

    issued: int = 0
    last_good: Release | None = None
    capture: CaptureRules = CaptureRules()
    stopped: bool = False

    @property
    def release(self) -> Release:
        """What shall be served now."""
        return Release(self.generation, self.variants, self.shadow, self.salt)

    def followed_by(self, variants: Sequence[Placed], *, shadow: Placed | None = None, salt: str | None = None) -> Self:
        """Return the next generation, with the same salt unless another is given; the last good release stays known."""
        number = self.issued + 1
        changed = {"shadow": shadow, "salt": self.salt if salt is None else salt}
        return msgspec.structs.replace(self, generation=number, issued=number, variants=tuple(variants), **changed)

    def capturing(self, rules: CaptureRules) -> Self:
        """Return the same state with other rules of capture."""
        return msgspec.structs.replace(self, capture=rules)

    def at_rest(self, *, stopped: bool) -> Self:
        """Return the same state for a server that a person stopped, or that shall run."""
        return msgspec.structs.replace(self, stopped=stopped)

    def confirmed(self) -> Self:
        """Return the same state with its release known to serve."""
        return msgspec.structs.replace(self, last_good=self.release)

    def withdrawn(self) -> Self:
        """Return the state before a release that does not serve; its number is never given again."""
        good = self.last_good or Release()
        changed = {"shadow": good.shadow, "salt": good.salt}
        return msgspec.structs.replace(self, generation=good.generation, variants=good.variants, **changed)
