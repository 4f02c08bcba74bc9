"""Boosting in legs: a fit that is interrupted and goes on ends in the same bytes, and a team shares what it knows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from leadscore_assets.domain.boosting import LEG, Boosted
from leadscore_assets.domain.learning import Examples, Task
from leadscore_assets.domain.team import Support
from leadscore_assets.domain.training_policy import TrainingPolicy
from leadscore_assets.domain.xgboost_trees import BoostedTrees

POLICY = TrainingPolicy(
    rounds=2 * LEG + 30, early_stopping_rounds=10_000, learning_rate=0.01, threads=1, max_depth=2, max_bin=16
)
TYPES = ("q",) * 3


def examples(seed: int, rows: int = 120) -> Examples:
    draw = np.random.default_rng(seed)
    matrix = draw.normal(size=(rows, len(TYPES))).astype(np.float32)
    label = matrix[:, 0] + 0.3 * draw.normal(size=rows)
    return Examples(matrix, label, label, np.arange(rows) // 30)


LEARN, WATCH = examples(0), examples(1)


@dataclass
class Kept:
    """Checkpoints in memory; `after` interrupts the fit once so many were written."""

    after: int | None = None
    content: dict[str, bytes] = field(default_factory=dict)
    written: int = 0

    def read(self, key: str) -> bytes | None:
        return self.content.get(key)

    def write(self, key: str, content: bytes) -> None:
        self.content[key] = content
        self.written += 1
        if self.written == self.after:
            raise KeyboardInterrupt


def fitted(policy: TrainingPolicy = POLICY, kept: Kept | None = None, lines: list[str] | None = None) -> BoostedTrees:
    task = Task(TYPES, policy, lines.append if lines is not None else lambda _: None, Support(checkpoints=kept))
    return BoostedTrees.fit(LEARN, WATCH, task)


@pytest.mark.parametrize("legs", [1, 2])
@pytest.mark.parametrize("stop_on", ["loss", "spearman"])
def test_a_fit_that_was_interrupted_ends_in_the_same_bytes(legs: int, stop_on: str) -> None:
    policy = POLICY.model_copy(update={"stop_on": stop_on})
    kept, lines = Kept(after=legs), list[str]()
    with pytest.raises(KeyboardInterrupt):
        fitted(policy, kept)

    resumed = fitted(policy, kept, lines)

    whole = fitted(policy)
    assert resumed.to_bytes() == whole.to_bytes()
    assert resumed.curve == whole.curve
    assert lines[0] == f"going on after round {legs * LEG}, where the job was interrupted"


def test_a_fit_that_was_done_is_not_done_again() -> None:
    kept = Kept()
    first = fitted(kept=kept)
    written = kept.written
    assert fitted(kept=kept).to_bytes() == first.to_bytes()
    assert kept.written == written == 3


def test_another_fit_does_not_go_on_from_a_checkpoint_that_is_not_its_own() -> None:
    kept = Kept()
    fitted(kept=kept)
    other = POLICY.model_copy(update={"learning_rate": 0.3})
    assert fitted(other, kept).to_bytes() == fitted(other).to_bytes()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"curve": [1.0], "model": "AAAA", "sha256": "0"}', b"\xff"])
def test_what_was_kept_badly_is_the_beginning_again(content: bytes) -> None:
    assert Boosted.from_bytes(content) == Boosted()


def test_what_is_kept_is_read_back() -> None:
    state = Boosted(b"model", (0.5, 0.25))
    assert Boosted.from_bytes(state.to_bytes()) == state


def test_legs_draw_rows_anew() -> None:
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(fitted().to_bytes()))
    trees = booster.get_dump()
    assert trees[0] != trees[LEG]


def test_early_stopping_is_xgboosts_own() -> None:
    import xgboost

    policy = POLICY.model_copy(update={"early_stopping_rounds": 5, "rounds": 90, "learning_rate": 0.5})
    found = fitted(policy)
    parameters = {
        "objective": "reg:squarederror",
        "eval_metric": "rmse",
        "tree_method": "hist",
        "seed": policy.seed,
        "nthread": 1,
        **{
            name: getattr(policy, name)
            for name in (
                "learning_rate",
                "max_depth",
                "min_child_weight",
                "subsample",
                "colsample_bytree",
                "reg_lambda",
                "max_bin",
            )
        },
    }
    data = xgboost.QuantileDMatrix(LEARN.matrix, LEARN.target, feature_types=list(TYPES), max_bin=policy.max_bin)
    watched = xgboost.QuantileDMatrix(WATCH.matrix, WATCH.target, feature_types=list(TYPES), ref=data, max_bin=16)
    other = xgboost.train(
        parameters, data, policy.rounds, evals=[(watched, "v")], early_stopping_rounds=5, verbose_eval=False
    )
    best = other[: other.best_iteration + 1]
    best.set_attr(best_iteration=None, best_score=None)
    assert found.to_bytes() == bytes(best.save_raw("ubj"))
    assert len(found.curve) < policy.rounds


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_hosts_shares_are_all_rows_once_and_a_group_stays_whole(size: int, grouped: bool) -> None:
    shares = [LEARN.part(rank, size, grouped=grouped) for rank in range(size)]
    assert sorted(np.concatenate([share.target for share in shares])) == sorted(LEARN.target)
    if grouped:
        groups = [set(share.group.tolist()) for share in shares]
        assert sum(len(group) for group in groups) == len(set(LEARN.group.tolist()))


@dataclass
class Led:
    """A team whose leader is elsewhere and has said what it knows."""

    said: list[bytes]
    rank: int = 1
    size: int = 2

    @contextmanager
    def together(self) -> Iterator[None]:
        yield

    def share(self, content: bytes) -> bytes:
        return self.said.pop(0)


def test_a_host_fits_by_the_leaders_policy_and_from_the_leaders_checkpoint() -> None:
    led = POLICY.model_copy(update={"learning_rate": 0.3, "rounds": 40})
    own = replace(Task(TYPES, POLICY), support=Support(Led([led.model_dump_json().encode(), b""]), Kept()))
    found = BoostedTrees.fit(LEARN, WATCH, own)
    share = LEARN.part(1, 2, grouped=False)
    assert found.to_bytes() == BoostedTrees.fit(share, WATCH, Task(TYPES, led)).to_bytes()
    kept = own.support.checkpoints
    assert isinstance(kept, Kept)
    assert kept.written == 0
