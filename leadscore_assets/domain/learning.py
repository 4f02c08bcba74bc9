"""What a learner is: one class that fits rows, answers for rows, explains itself and goes to bytes and back.

Another model plugs in as one such class, a line in learners.py and its name in the policy. Bytes are a format that is
data alone; never pickle.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol, Self

import numpy as np

from leadscore_assets.domain.column import Floats
from leadscore_assets.domain.features import Matrix
from leadscore_assets.domain.metrics import spearman
from leadscore_assets.domain.objectives import OBJECTIVES, Ints, Objective
from leadscore_assets.domain.team import ALONE, Support
from leadscore_assets.domain.training_policy import TrainingPolicy

Say = Callable[[str], None]
_EVERY = 20


@dataclass(frozen=True)
class Examples:
    """Rows in the order of their groups: inputs (n, k), what is learnt (n,), label (n,), ranking group (n,)."""

    matrix: Matrix
    target: Floats
    label: Floats
    group: Ints

    @property
    def group_sizes(self) -> Ints:
        """Rows of each group, in order."""
        return np.unique(self.group, return_counts=True)[1]

    def part(self, rank: int, size: int, *, grouped: bool) -> "Examples":
        """Return one host's share: every `size`-th row, or the rows of every `size`-th group."""
        kept = self.group % size == rank if grouped else np.arange(len(self.target)) % size == rank
        return Examples(self.matrix[kept], self.target[kept], self.label[kept], self.group[kept])


@dataclass(frozen=True)
class Task:
    """What every learner is given beside the rows; `types` has XGBoost's `c` for a category's code, `q` otherwise.

    With a team in `support` every host of it has the same task at the same time.
    """

    types: tuple[str, ...]
    policy: TrainingPolicy
    say: Say = lambda _: None
    support: Support = ALONE

    @property
    def objective(self) -> Objective:
        """The policy's objective."""
        return OBJECTIVES[self.policy.objective]

    @property
    def categories(self) -> list[int]:
        """Positions of the inputs that are a category's code."""
        return [position for position, kind in enumerate(self.types) if kind == "c"]

    @property
    def stops_on_spearman(self) -> bool:
        """Whether Spearman on the watched rows ends boosting, and not the objective's own loss."""
        return self.policy.stop_on == "spearman" or self.objective.loss is None

    @contextmanager
    def agreed(self) -> Iterator[Self]:
        """Yield the task with the leader's policy, which a search may have changed, while the team is together."""
        team = self.support.team
        if team is None:
            yield self
            return
        with team.together():
            policy = TrainingPolicy.model_validate_json(team.share(self.policy.model_dump_json().encode()))
            yield replace(self, policy=policy)

    def tell_round(self, done: int, metric: str, value: float) -> None:
        """Say how a round went, the first and every twentieth."""
        if done % _EVERY == 0 or done == 1:
            self.say(f"round {done}/{self.policy.rounds} validation_{metric}={value:.5f}")


class Learner(Protocol):
    """A fitted model, and by `fit` and `from_bytes` the two ways to get one. `file` is its name within a bundle.

    Answers are the objective's margin: the label's unit for a regression, else what a link takes. One row alone and the
    same row among others get the same bits.
    """

    file: ClassVar[str]

    @classmethod
    def fit(cls, learn: Examples, watch: Examples, task: Task) -> Self:
        """Fit rows; `watch` may end the fit and choose a strength, and is never learnt from."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes, *, threads: int) -> Self:
        """Read a fitted model; raise ValueError when these bytes hold none."""
        ...

    def to_bytes(self) -> bytes:
        """Write the model: the same bytes for the same rows, policy and seed."""
        ...

    def predict(self, matrix: Matrix) -> Floats:
        """Return margins (n,)."""
        ...

    def contributions(self, matrix: Matrix) -> Floats:
        """Return each input's share in the margin and, last, the base: (n, k + 1); a row sums to its margin."""
        ...

    @property
    def engine(self) -> str:
        """What answers for a few rows, by name."""
        ...

    @property
    def importance(self) -> Floats:
        """Each input's weight (k,), 0 upwards, in a unit of the model's own."""
        ...

    @property
    def curve(self) -> tuple[float, ...]:
        """The watched metric after each round, empty for a model without rounds or one that was read."""
        ...

    @property
    def rounds(self) -> int:
        """Rounds that the model kept, 0 for a model without rounds."""
        ...


def watched_spearman(answers: Floats, label: Floats) -> float:
    """Return Spearman of answers and labels, 0 where either is constant: such answers rank nothing."""
    return spearman(answers, label) or 0.0
