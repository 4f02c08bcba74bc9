"""One invocation: leads in, scores out, all by the one model that its first lead's key leads to.

A single JSON lead is read, checked and scored without a table. A few leads are scored where they arrive; many go to a
thread, so that a ping beside them stays fast.
"""

import logging
import time
import traceback
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any, NamedTuple

import msgspec

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.single import One
from leadscore_assets.domain.texts import spelled
from leadscore_assets.domain.walker import FEW_ROWS
from leadscore_assets.serving.answers import Answer, Prediction, Reply, form_of, problem, refusal, scores_reply
from leadscore_assets.serving.lead_type import Lead
from leadscore_assets.serving.models import Model, Serving
from leadscore_assets.serving.payload import check, read_leads
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.tally import Outcome

_JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
_INTERNAL = "the server failed on this request; its log names the place"
log = logging.getLogger(__name__)


class InvalidOutput(CorruptArtefact):
    """A model answered a valid lead with something that is no score."""


class Asked(NamedTuple):
    """What is asked of an endpoint: a body, its type, the answer's type, the variant where the client names one.

    `request` stands for the request where its lead has no key.
    """

    serving: Serving
    body: bytes
    content_type: str = "application/json"
    accept: str = ""
    target: Model | None = None
    request: str = ""


class Scored(NamedTuple):
    """What was scored: the leads as they were read, and the answer."""

    leads: Sequence[Mapping[str, Any]] | Lead
    answer: Answer


class Done(NamedTuple):
    """How an invocation ended."""

    reply: Reply
    model: Model
    outcome: Outcome
    scored: Scored | None = None


class Invocation:
    """The steps of one invocation; `read` comes first."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._began = time.perf_counter()
        self._model = asked.target
        self._leads: Sequence[Any] | Lead = ()
        self._key: str | None = None
        self._headless = False

    @property
    def rows(self) -> int:
        """How many leads were read."""
        return 1 if isinstance(self._leads, Lead) else len(self._leads)

    def read(self) -> None:
        """Read the body and choose the model; raise RefusedRequest for what cannot be read."""
        asked = self._asked
        form_of(asked.accept)
        first = asked.target or asked.serving.heaviest
        if asked.body[:1] == b"{" and asked.content_type in _JSON_TYPES:
            lead = first.reader.read(asked.body)
            if lead and self._choose(lead.key).scorer.single:
                again = lead if self._chosen.reader is first.reader else self._chosen.reader.read(asked.body)
                if again:
                    self._leads = again
                    return
        self._read_slowly(first)

    def whole(self) -> Done:
        """Read and score."""
        self.read()
        return self.finish()

    def finish(self) -> Done:
        """Score what was read; raise RefusedRequest and never answer a broken record with a score."""
        model, placed = self._chosen, self._chosen.placed
        if not isinstance(self._leads, Lead):
            check(self._leads, model.scorer.contract)
        keys, scores = _scores(self._leads, model)
        predictions = [prediction(one, key) for one, key in zip(scores, keys, strict=True)]
        answer = Answer(placed.version, placed.digest, predictions)
        reply = scores_reply(answer, form_of(self._asked.accept), headless=self._headless)
        return Done(reply, model, self._outcome(200), Scored(self._leads, answer))

    def refused(self, error: RefusedRequest) -> Done:
        """End without scores: the request is at fault, or too many wait."""
        return Done(refusal(error), self._chosen, self._outcome(error.status))

    def failed(self, error: Exception) -> Done:
        """End without scores: the model or the server is at fault."""
        log_fault(error)
        outcome = self._outcome(500)._replace(invalid=isinstance(error, InvalidOutput))
        return Done(problem(500, _INTERNAL), self._chosen, outcome)

    @property
    def _chosen(self) -> Model:
        if self._model is None:
            self._model = self._asked.serving.routed(self._asked.request)
        return self._model

    def _choose(self, key: object) -> Model:
        """Take the model of a lead's key."""
        self._key = key_of(key)
        if self._asked.target is None:
            self._model = self._asked.serving.routed(self._asked.request if self._key is None else self._key)
        return self._chosen

    def _read_slowly(self, first: Model) -> None:
        asked, contract = self._asked, first.scorer.contract
        leads = read_leads(asked.body, asked.content_type, contract)
        record = leads.records[0]
        model = self._choose(record.get(contract.key) if isinstance(record, dict) else None)
        if model.reader is not first.reader:
            leads = read_leads(asked.body, asked.content_type, model.scorer.contract)
        self._leads, self._headless = leads.records, leads.headless

    def _outcome(self, status: int) -> Outcome:
        seconds = time.perf_counter() - self._began
        return Outcome(status, seconds, self.rows, self._key, targeted=self._asked.target is not None)


def key_of(key: object) -> str | None:
    """Return what a lead is known by: an id is the same lead as a number and as text; None without a usable one."""
    return spelled(str(key)) if isinstance(key, str | int) and not isinstance(key, bool) else None


def _scores(leads: Sequence[Mapping[str, Any]] | Lead, model: Model) -> tuple[list[Any], list[One]]:
    """Return the leads' keys and scores; a few are scored one by one, with the batch's bits."""
    single = model.scorer.single
    if isinstance(leads, Lead):
        return [leads.key], [single.score(leads.values)] if single else []
    keys = [record.get(model.scorer.contract.key) for record in leads]
    if single and len(leads) <= FEW_ROWS:
        return keys, [single.score_record(record) for record in leads]
    return keys, model.scorer.score_records(leads).each()


def prediction(one: One, key: Any) -> Prediction:
    """Return what a lead is answered; raise InvalidOutput when the model gave no number of the range."""
    score, rounded, band, chance = one
    if not isfinite(score) or (chance is not None and not 0 <= chance <= 1):
        raise InvalidOutput("the model answered a valid lead without a finite score; deploy another model")
    return Prediction(score, rounded, band, chance, msgspec.UNSET if key is None else str(key))


def log_fault(error: Exception) -> None:
    """Log where a request failed, without the exception's text: it may quote a lead."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.error("a request failed with %s at %s", type(error).__name__, places)
