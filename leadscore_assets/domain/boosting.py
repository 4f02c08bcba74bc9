"""Rounds of boosting, in legs of a hundred, each begun afresh from the bytes of those before it.

XGBoost's random state cannot be kept, so every leg draws anew, from a seed of its own, whether or not the one before it
ran in this process: a fit that was interrupted between two legs ends in the same bytes as one that was not.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from leadscore_assets.domain.digests import canonical_json, digest_of
from leadscore_assets.domain.learning import Task

LEG = 100
Judge = Callable[[Any, int], float]


@dataclass(frozen=True)
class Boosted:
    """How far a fit came: the model's bytes, none before the first round, and the watched metric after each round."""

    model: bytes = b""
    curve: tuple[float, ...] = ()

    def best(self, *, rising: bool) -> int:
        """Return the first round (0 upwards) with the best value."""
        return self.curve.index(max(self.curve) if rising else min(self.curve))

    def to_bytes(self) -> bytes:
        """Write it as JSON with the model's SHA-256."""
        content = {"curve": self.curve, "model": base64.b64encode(self.model).decode()}
        return canonical_json({**content, "sha256": hashlib.sha256(self.model).hexdigest()}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what was kept; what was kept badly is the beginning again."""
        try:
            found = json.loads(content)
            model = base64.b64decode(found["model"])
            curve = tuple(float(value) for value in found["curve"])
            sound = hashlib.sha256(model).hexdigest() == found["sha256"]
        except (ValueError, KeyError, TypeError, binascii.Error):
            return cls()
        return cls(model, curve) if sound else cls()


@dataclass(frozen=True)
class Aim:
    """What boosting is after: XGBoost's parameters, and the watched metric that ends it; `rising` says more is better.

    `judge` is given a booster and a round and returns the metric, the same value on every host.
    """

    parameters: Mapping[str, Any]
    metric: str
    rising: bool
    judge: Judge


def boost(data: Any, watched: Any, aim: Aim, task: Task) -> Boosted:
    """Boost until the metric has not improved for `early_stopping_rounds`, from where a checkpoint ends."""
    key = digest_of([dict(aim.parameters), task.policy.rounds, task.policy.early_stopping_rounds, watched.num_row()])
    state = _resumed(key, task)
    while not _ended(state, aim, task):
        state = _leg(state, data, watched, aim, task)
        if task.support.leads and task.support.checkpoints:
            task.support.checkpoints.write(key, state.to_bytes())
    return state


def _leg(state: Boosted, data: Any, watched: Any, aim: Aim, task: Task) -> Boosted:
    import xgboost

    done = len(state.curve)
    given = {**aim.parameters, "seed": int(aim.parameters["seed"]) + done}
    booster = xgboost.Booster(given, [data, watched], model_file=bytearray(state.model) if state.model else None)
    for number in range(done, min(done + LEG, task.policy.rounds)):
        booster.update(data, iteration=number)
        state = Boosted(curve=(*state.curve, aim.judge(booster, number)))
        task.tell_round(number + 1, aim.metric, state.curve[-1])
        if _ended(state, aim, task):
            break
    return Boosted(bytes(booster.save_raw("ubj")), state.curve)


def _ended(state: Boosted, aim: Aim, task: Task) -> bool:
    done = len(state.curve)
    if done >= task.policy.rounds:
        return True
    return done > 0 and done - 1 - state.best(rising=aim.rising) >= task.policy.early_stopping_rounds


def _resumed(key: str, task: Task) -> Boosted:
    support = task.support
    kept = support.checkpoints.read(key) if support.leads and support.checkpoints else None
    shared = support.team.share(kept or b"") if support.team else kept
    state = Boosted.from_bytes(shared or b"")
    if state.curve:
        task.say(f"going on after round {len(state.curve)}, where the job was interrupted")
    return state
