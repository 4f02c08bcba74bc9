"""What a fit may lean on beside its rows: other hosts that fit the same model, and a place to go on from.

Both are roles; the training program plays them (see jobs/).
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class Team(Protocol):
    """The hosts of a job, each holding every row; the one of rank 0 leads and keeps what is made."""

    @property
    def rank(self) -> int:
        """This host's place, 0 upwards."""
        ...

    @property
    def size(self) -> int:
        """How many hosts there are."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """Wait for every host; XGBoost fits over all of them within. Raise TransientError when one is lost."""
        ...

    def share(self, content: bytes) -> bytes:
        """Return the leader's bytes on every host; only together, and all ask in the same order."""
        ...


class Checkpoints(Protocol):
    """Where a fit keeps how far it came, so that an interrupted job goes on there."""

    def read(self, key: str) -> bytes | None:
        """Return what was kept under a key, None where nothing was."""
        ...

    def write(self, key: str, content: bytes) -> None:
        """Keep content under a key in the place of what was there, whole or not at all."""
        ...


@dataclass(frozen=True)
class Support:
    """What a fit leans on; neither by default."""

    team: Team | None = None
    checkpoints: Checkpoints | None = None

    @property
    def leads(self) -> bool:
        """Whether this host keeps what is made."""
        return self.team is None or self.team.rank == 0


ALONE = Support()
