"""What is served now: opened bundles under one generation, behind one reference that is swapped whole."""

from dataclasses import dataclass
from pathlib import Path

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.serving.desired import Placed, Release


@dataclass(frozen=True)
class Model:
    """One variant with its opened bundle."""

    placed: Placed
    scorer: Scorer


@dataclass(frozen=True)
class Serving:
    """One generation of models."""

    release: Release
    models: tuple[Model, ...]

    @property
    def generation(self) -> int:
        """The release's number."""
        return self.release.generation

    def named(self, name: str) -> Model | None:
        """Return the variant of this name."""
        return next((model for model in self.models if model.placed.name == name), None)

    def chosen(self) -> Model:
        """Return the variant that answers a request which names none: the heaviest."""
        return max(self.models, key=lambda model: model.placed.weight)


@dataclass
class Live:
    """The one reference. A request reads `serving` once; the watcher alone writes."""

    serving: Serving | None = None
    error: str | None = None
    error_generation: int | None = None


def opened(release: Release, *, now: Serving | None) -> Serving:
    """Open a release's bundles; raise CorruptArtefact when a byte or a golden row of one does not hold.

    Opening scores the golden rows, so the model is warm before a request meets it. A bundle that is open stays open.
    """
    if not release.variants:
        raise InvalidInput(f"generation {release.generation} names no variant; deploy at least one")
    known = {model.scorer.digest: model.scorer for model in now.models} if now else {}
    models = [
        Model(placed, known.get(placed.digest) or Scorer.open(Path(placed.bundle), digest=placed.digest))
        for placed in release.variants
    ]
    return Serving(release, tuple(models))
