"""One invocation: leads in, scores out, by the one model that was chosen for it.

A few leads are scored where they arrive; many go to a thread, so that a ping beside them stays fast.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.serving.answers import Answer, Prediction, Reply, form_of, scores_reply
from leadscore_assets.serving.models import Model
from leadscore_assets.serving.payload import Leads, check, read_leads
from leadscore_assets.serving.refusals import RefusedRequest

INLINE_BYTES = 64 * 1024
INLINE_ROWS = 64
_THREADS = 2
_WAITING = 32


@dataclass(frozen=True)
class Invocation:
    """What is asked of a model: a body, its content type, and the type of the answer."""

    body: bytes
    content_type: str
    accept: str


class Desk:
    """Takes invocations; refuses (503) when too many large ones wait."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="batch")
        self._waiting = 0

    async def answer(self, asked: Invocation, model: Model) -> Reply:
        """Score one request; raise RefusedRequest and never answer a broken record with a score."""
        form = form_of(asked.accept)
        if len(asked.body) > INLINE_BYTES:
            return await self._in_a_thread(lambda: _scored(_read(asked, model), model, form))
        leads = _read(asked, model)
        if len(leads.records) > INLINE_ROWS:
            return await self._in_a_thread(lambda: _scored(leads, model, form))
        return _scored(leads, model, form)

    def close(self) -> None:
        """End the threads after what they do."""
        self._pool.shutdown()

    async def _in_a_thread(self, work: Callable[[], Reply]) -> Reply:
        if self._waiting >= _WAITING:
            raise RefusedRequest(f"{_WAITING} large requests wait already; try again in a moment", status=503)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


def _read(asked: Invocation, model: Model) -> Leads:
    return read_leads(asked.body, asked.content_type, model.scorer.contract)


def _scored(leads: Leads, model: Model, form: str) -> Reply:
    contract = model.scorer.contract
    check(leads.records, contract)
    scored = model.scorer.score_records(leads.records)
    chances = scored.probability.tolist() if scored.probability is not None else [None] * len(scored.band)
    rows = zip(scored.score.tolist(), scored.rounded.tolist(), scored.band, chances, leads.records, strict=True)
    predictions = [_prediction(*row, key=contract.key) for row in rows]
    answer = Answer(model.placed.version, model.placed.digest, predictions)
    return scores_reply(answer, form, headless=leads.headless)


def _prediction(
    score: float, rounded: int, band: str, chance: float | None, record: dict[str, Any], *, key: str
) -> Prediction:
    if not isfinite(score) or (chance is not None and not isfinite(chance)):
        raise CorruptArtefact("the model answered a valid lead without a finite score; deploy another model")
    lead = record.get(key)
    return Prediction(score, rounded, band, chance, msgspec.UNSET if lead is None else str(lead))
