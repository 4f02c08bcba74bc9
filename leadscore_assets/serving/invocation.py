"""One invocation: leads in, scores out, all by the one model that its first lead's key leads to.

A single JSON lead is read, checked and scored without a table. A few leads are scored where they arrive; many go to a
thread, so that a ping beside them stays fast.
"""

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from random import getrandbits
from typing import Any, NamedTuple

import msgspec

from leadscore_assets.domain.errors import CorruptArtefact
from leadscore_assets.domain.serving_counts import INVALID_OUTPUT
from leadscore_assets.domain.single import One
from leadscore_assets.domain.texts import spelled
from leadscore_assets.domain.walker import FEW_ROWS
from leadscore_assets.serving.answers import (
    Answer,
    Explained,
    Prediction,
    Reply,
    Share,
    form_of,
    problem,
    refusal,
    scores_reply,
)
from leadscore_assets.serving.lead_type import Lead
from leadscore_assets.serving.models import Model, Serving
from leadscore_assets.serving.payload import BATCH_RECORDS, MAXIMUM_RECORDS, check, read_leads
from leadscore_assets.serving.refusals import RefusedRequest
from leadscore_assets.serving.runtime import INVOKED_VARIANT
from leadscore_assets.serving.tally import Outcome

_JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
_INTERNAL = "the server failed on this request; its log names the place"
log = logging.getLogger(__name__)


class InvalidOutput(CorruptArtefact):
    """A model answered a valid lead with something that is no score."""


class Asked(NamedTuple):
    """What is asked of an endpoint: a body, its type, the answer's type, the variant where the client names one.

    `inference_id` is the client's own id of the request; it deals the request where its lead has no key.
    """

    serving: Serving
    body: bytes
    content_type: str = "application/json"
    accept: str = ""
    target: Model | None = None
    inference_id: str = ""


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
        self.asked = asked
        self._began = time.perf_counter()
        self._spent = 0.0
        self._model = asked.target
        self._leads: Sequence[Any] | Lead = ()
        self._key: str | None = None
        self._headless = False

    @property
    def lead(self) -> Lead | None:
        """The lead, where one was read that its model scores without a table."""
        return self._leads if isinstance(self._leads, Lead) else None

    @property
    def rows(self) -> int:
        """How many leads were read."""
        return 1 if isinstance(self._leads, Lead) else len(self._leads)

    @property
    def explains(self) -> bool:
        """Whether the scores come with their reasons, which take long."""
        return self._first.reasons is not None

    def read(self) -> None:
        """Read the body and choose the model; raise RefusedRequest for what cannot be read."""
        form_of(self.asked.accept)
        if not self.read_quickly():
            self._read_slowly(self._first)

    def read_quickly(self) -> bool:
        """Read the body if it is one JSON lead that keeps the contract, and choose the model; False changes nothing."""
        asked, first = self.asked, self._first
        if asked.body[:1] != b"{" or asked.content_type not in _JSON_TYPES or first.reasons is not None:
            return False
        lead = first.reader.read(asked.body)
        if lead is None or not self._choose(lead.key).scorer.single:
            return False
        if self.model.reader is not first.reader:
            lead = self.model.reader.read(asked.body)
        self._leads = lead or ()
        return lead is not None

    def pause(self) -> None:
        """Stop the clock: what comes next is not this invocation's time."""
        self._spent = time.perf_counter() - self._began

    def resume(self) -> None:
        """Let the clock go on from where it stopped."""
        self._began = time.perf_counter() - self._spent

    def whole(self) -> Done:
        """Read and score."""
        self.read()
        return self.finish()

    def finish(self) -> Done:
        """Score what was read; raise RefusedRequest and never answer a broken record with a score."""
        model, leads = self.model, self._leads
        if not isinstance(leads, Lead):
            check(leads, model.contract)
            if model.reasons is not None:
                return self._done(_explained(leads, model, most=model.reasons))
        keys, scores = _scores(leads, model)
        return self._done([prediction(one, key) for one, key in zip(scores, keys, strict=True)])

    def scored(self, one: One, *, seconds: float) -> Done:
        """End a paused invocation with its lead's score, found together with others; `seconds` is its share of that."""
        self._began = time.perf_counter() - self._spent - seconds
        return self._done([prediction(one, self.lead.key if self.lead else None)])

    def ended(self, work: Callable[[], Done]) -> Done:
        """End as `work` ends, whatever happens in it."""
        try:
            return work()
        except RefusedRequest as error:
            return self.refused(error)
        except Exception as error:  # noqa: BLE001 - the entry point: a fault in one request must not end others
            return self.failed(error)

    def refused(self, error: RefusedRequest) -> Done:
        """End without scores: the request is at fault, or too many wait."""
        return Done(refusal(error), self.model, self._outcome(error.status))

    def failed(self, error: Exception) -> Done:
        """End without scores: the model or the server is at fault."""
        invalid = isinstance(error, InvalidOutput)
        if invalid:
            placed = self.model.placed
            log.error("%s of %s, version %d, digest %s", INVALID_OUTPUT, placed.name, placed.version, placed.digest)
        else:
            log_fault(error)
        return Done(problem(500, _INTERNAL), self.model, self._outcome(500)._replace(invalid=invalid))

    @property
    def model(self) -> Model:
        """The model that answers."""
        if self._model is None:
            self._model = self.asked.serving.routed(self._request)
        return self._model

    @property
    def _first(self) -> Model:
        """The model by whose contract the body is read before its key is known."""
        return self.asked.target or self.asked.serving.heaviest

    @property
    def _request(self) -> str:
        """What stands for the request where its lead has no key."""
        return self.asked.inference_id or f"{getrandbits(64):x}"

    def _done(self, predictions: list[Prediction]) -> Done:
        model = self.model
        answer = Answer(model.placed.version, model.placed.digest, predictions)
        reply = scores_reply(answer, form_of(self.asked.accept), headless=self._headless)
        return Done(reply, model, self._outcome(200), Scored(self._leads, answer))

    def _choose(self, key: object) -> Model:
        """Take the model of a lead's key."""
        self._key = key_of(key)
        if self.asked.target is None:
            self._model = self.asked.serving.routed(self._request if self._key is None else self._key)
        return self.model

    def _read_slowly(self, first: Model) -> None:
        asked, contract = self.asked, first.scorer.contract
        most = MAXIMUM_RECORDS if first.reasons is None else BATCH_RECORDS
        leads = read_leads(asked.body, asked.content_type, contract, most=most)
        record = leads.records[0]
        model = self._choose(record.get(contract.key) if isinstance(record, dict) else None)
        if model.reader is not first.reader:
            leads = read_leads(asked.body, asked.content_type, model.scorer.contract)
        self._leads, self._headless = leads.records, leads.headless

    def _outcome(self, status: int) -> Outcome:
        seconds = time.perf_counter() - self._began
        return Outcome(status, seconds, self.rows, self._key, targeted=self.asked.target is not None)


def naming(done: Done) -> Reply:
    """Return the reply with the name of the variant that gave it."""
    status, body, content_type, headers = done.reply
    return Reply(status, body, content_type, (*headers, (INVOKED_VARIANT, done.model.placed.name.encode())))


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
    score, _, _, chance = one
    if not isfinite(score) or (chance is not None and not 0 <= chance <= 1):
        raise InvalidOutput("the model answered a valid lead without a finite score; deploy another model")
    return Prediction(*one, msgspec.UNSET if key is None else str(key))


def _explained(leads: Sequence[Any], model: Model, *, most: int) -> list[Prediction]:
    """Return what a batch's leads are answered; raise InvalidOutput as `prediction` does."""
    scored, reasons = model.scorer.explain_records(leads, most=most)
    found: list[Prediction] = []
    for lead, one, raw, shares in zip(leads, scored.each(), scored.raw.tolist(), reasons, strict=True):
        plain = prediction(one, lead.get(model.scorer.contract.key))
        told = [Share(reason.feature, reason.contribution) for reason in shares]
        found.append(Explained(*one, plain.lead_id, raw=raw, reasons=told))
    return found


def log_fault(error: Exception) -> None:
    """Log where a request failed, without the exception's text: it may quote a lead."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))
    log.error("a request failed with %s at %s", type(error).__name__, places)
