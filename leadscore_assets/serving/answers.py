"""How scores go out: JSON, JSON Lines or CSV, each lead with the version and digest of the model that scored it."""

import csv
import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from leadscore_assets.serving.refusals import RefusedRequest, shortened

JSON = "application/json"
_FORMS_KEPT = 64
_encoder = msgspec.json.Encoder()


class Reply(NamedTuple):
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Prediction(msgspec.Struct, frozen=True, omit_defaults=True):
    """One lead's scores; `lead_id` stands only where the request gave one."""

    score: float
    score_rounded: int
    band: str
    conversion_probability: float | None
    lead_id: str | msgspec.UnsetType = msgspec.UNSET


class ScoredLine(Prediction, frozen=True, omit_defaults=True, kw_only=True):
    """One lead's scores on a line of its own."""

    model_version: int
    model_digest: str


class Share(msgspec.Struct, frozen=True):
    """A feature's share in a score, in score points."""

    feature: str
    contribution: float


class Explained(Prediction, frozen=True, omit_defaults=True, kw_only=True):
    """One lead's scores as a list needs them: with the score before it was clipped, and its reasons."""

    raw: float
    reasons: list[Share]


class ExplainedLine(ScoredLine, frozen=True, omit_defaults=True, kw_only=True):
    """The same on a line of its own."""

    raw: float
    reasons: list[Share]


class Answer(msgspec.Struct, frozen=True):
    """The scores of one request, in the request's order, all of one model."""

    model_version: int
    model_digest: str
    predictions: list[Prediction]


class Problem(msgspec.Struct, frozen=True):
    """Why there are no scores."""

    error: str
    violations: list[Any] = []


def json_reply(status: int, content: Any, *, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    """Answer with a JSON document."""
    return Reply(status, _encoder.encode(content), headers=headers)


def problem(status: int, message: str) -> Reply:
    """Answer without scores."""
    return json_reply(status, Problem(message), headers=retry_after(status))


def refusal(error: RefusedRequest) -> Reply:
    """Answer a refused request."""
    headers = ((b"allow", error.allow.encode()),) if error.allow else ()
    return json_reply(error.status, Problem(str(error), error.violations), headers=headers + retry_after(error.status))


def retry_after(status: int) -> tuple[tuple[bytes, bytes], ...]:
    """Return the header that tells a client when to come back, where coming back helps."""
    return ((b"retry-after", b"1"),) if status in (429, 503) else ()


@lru_cache(_FORMS_KEPT)
def form_of(accept: str) -> str:
    """Return the first type of an Accept header that can be written, by quality; raise RefusedRequest (406)."""
    if not accept:
        return JSON
    ranked = sorted((_accepted(part) for part in accept.split(",")), key=lambda item: -item[1])
    for kind, quality in ranked:
        if quality > 0 and kind in ("*/*", "application/*"):
            return JSON
        if quality > 0 and (kind in _WRITERS or kind == "text/*"):
            return "text/csv" if kind == "text/*" else kind
    raise RefusedRequest(f"{shortened(accept)} is not written; accept {', '.join(_WRITERS)}", status=406)


def scores_reply(answer: Answer, form: str, *, headless: bool) -> Reply:
    """Write scores in one of the forms; `headless` leaves out the header row of CSV, as the request did."""
    return Reply(200, _WRITERS[form](answer, headless), form)


def _accepted(part: str) -> tuple[str, float]:
    kind, *options = [item.strip().lower() for item in part.split(";")]
    quality = next((item[2:] for item in options if item.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 0.0


def _json(answer: Answer, _headless: bool) -> bytes:
    return _encoder.encode(answer)


def _json_lines(answer: Answer, _headless: bool) -> bytes:
    model: dict[str, Any] = {"model_version": answer.model_version, "model_digest": answer.model_digest}
    return _encoder.encode_lines(_line(item, model) for item in answer.predictions)


def _line(item: Prediction, model: dict[str, Any]) -> ScoredLine:
    scores = (item.score, item.score_rounded, item.band, item.conversion_probability, item.lead_id)
    if isinstance(item, Explained):
        return ExplainedLine(*scores, **model, raw=item.raw, reasons=item.reasons)
    return ScoredLine(*scores, **model)


_CSV_HEADER = ("lead_id", "score", "score_rounded", "band", "conversion_probability", "model_version", "model_digest")


def _csv(answer: Answer, headless: bool) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(() if headless else (_CSV_HEADER,))
    for item in answer.predictions:
        lead = "" if item.lead_id is msgspec.UNSET else item.lead_id
        chance = "" if item.conversion_probability is None else item.conversion_probability
        writer.writerow(
            (lead, item.score, item.score_rounded, item.band, chance, answer.model_version, answer.model_digest)
        )
    return text.getvalue().encode()


_WRITERS: dict[str, Callable[[Answer, bool], bytes]] = {
    JSON: _json,
    "application/jsonlines": _json_lines,
    "application/x-ndjson": _json_lines,
    "text/csv": _csv,
}
