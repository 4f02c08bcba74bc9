"""What is served now: opened bundles under one generation, behind one reference that is swapped whole."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.routing import routed
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.serving.desired import Placed, Release
from leadscore_assets.serving.lead_type import LeadReader, lead_reader


@dataclass(frozen=True)
class Model:
    """One variant with its opened bundle, and what reads a JSON lead of its contract.

    `reasons` makes it a batch's: how many reasons every score comes with. None is an endpoint's, which gives none.
    """

    placed: Placed
    scorer: Scorer
    reader: LeadReader
    reasons: int | None = None

    @cached_property
    def contract(self) -> Contract:
        """What leads are checked by: a batch's kept the limits of a contract already, today's or this one."""
        contract = self.scorer.contract
        return contract if self.reasons is None else contract.unbounded()


@dataclass(frozen=True)
class Serving:
    """One generation of models."""

    release: Release
    models: tuple[Model, ...]
    weights: tuple[tuple[str, float], ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", tuple((model.placed.name, model.placed.weight) for model in self.models))

    @property
    def generation(self) -> int:
        """The release's number."""
        return self.release.generation

    @cached_property
    def heaviest(self) -> Model:
        """The variant that most leads get; its contract is the one that requests are read by first."""
        return max(self.models, key=lambda model: model.placed.weight)

    @cached_property
    def deals(self) -> bool:
        """Whether more than one variant answers leads."""
        return sum(weight > 0 for _, weight in self.weights) > 1

    def named(self, name: str) -> Model | None:
        """Return the variant of this name."""
        return next((model for model in self.models if model.placed.name == name), None)

    def routed(self, key: str) -> Model:
        """Return the variant that answers a key, of a lead or of a request."""
        if not self.deals:
            return self.heaviest
        return self.named(routed(key, self.weights, salt=self.release.salt)) or self.heaviest


@dataclass
class Live:
    """The one reference. A request reads `serving` once; the watcher alone writes."""

    serving: Serving | None = None
    error: str | None = None
    error_generation: int | None = None


def opened(release: Release, *, now: Serving | None, reasons: int | None = None) -> Serving:
    """Open a release's variants; raise CorruptArtefact when a byte or a golden row of one does not hold.

    Opening scores the golden rows, so the model is warm before a request meets it. A bundle that is open stays open.
    """
    if not release.variants:
        raise InvalidInput(f"generation {release.generation} names no variant; deploy at least one")
    return Serving(release, tuple(_model(placed, now, reasons) for placed in release.variants))


def opened_shadow(release: Release, *, now: Serving | None) -> Serving:
    """Open a release's shadow and nothing else, for the process that plays it; nothing at all where it has none."""
    return Serving(release, (_model(release.shadow, now),) if release.shadow else ())


def _model(placed: Placed, now: Serving | None, reasons: int | None = None) -> Model:
    known = {model.scorer.digest: model.scorer for model in now.models} if now else {}
    scorer = known.get(placed.digest) or Scorer.open(Path(placed.bundle), digest=placed.digest)
    return Model(placed, scorer, lead_reader(scorer.contract), reasons)
