"""How leads are scored: many at once, one by one at the endpoint, and what the endpoint answered."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

import pyarrow as pa

from leadscore_assets.backends.ports.storage import FileStore
from leadscore_assets.domain.facts import EndpointStatus, Package, Variant
from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.serving_counts import ServingCounts


class BatchScorer(Protocol):
    """Scores many leads at once."""

    def score(self, package: Package, leads: pa.Table, *, reasons: int) -> pa.Table:
        """Score leads, which have the columns of the package's contract, each with so many reasons.

        Returns the columns of domain.batch.SCORED, row by row. Raises PermanentError with the reason of a batch that
        failed, TransientError where trying again may help; nothing goes on being paid for after either.
        """
        ...


class EndpointHost(Protocol):
    """Starts, stops and configures the scoring endpoint."""

    @property
    def captured(self) -> FileStore:
        """The files of captured requests and answers."""
        ...

    @property
    def deals_by(self) -> Literal["lead", "request"]:
        """What decides the variant: a lead's key, always the same way, or chance at every request."""
        ...

    def deploy(
        self, variants: Sequence[Variant], *, shadow: Variant | None = None, salt: str | None = None
    ) -> EndpointStatus:
        """Serve these variants, starting the server when needed; return once it answers with them, or raise.

        The shadow gets a copy of every request. The salt deals leads to variants; without one the present one stays.
        """
        ...

    def counts(self) -> ServingCounts:
        """Return what was counted by variant since the present configuration serves."""
        ...

    def tell(self, story: Story) -> None:
        """Keep the release's story where the endpoint shows it, in the place of the one before."""
        ...

    def token(self, *, new: bool = False) -> str:
        """Return the secret that allows a rollback from the endpoint's page; a new one in its place when asked to."""
        ...

    def start(self) -> EndpointStatus:
        """Start the server with what was deployed last; raise Missing when nothing was."""
        ...

    def stop(self) -> EndpointStatus:
        """Stop the server after the requests in flight; stopping twice is stopping once."""
        ...

    def status(self) -> EndpointStatus:
        """Ask the server what it serves."""
        ...


class Captures(Protocol):
    """What the endpoint was asked and answered, as its capture kept it."""

    def read(self, first: datetime, last: datetime) -> Iterator[pa.Table]:
        """Yield what was answered from `first` to before `last`, in tables of CAPTURED's columns, oldest files first.

        A line that cannot be read is counted and left out, never guessed.
        """
        ...

    @property
    def unreadable(self) -> int:
        """How many lines could not be read so far."""
        ...

    def masked(self, key: str) -> str:
        """Return what stands for a lead's key in these captures."""
        ...
