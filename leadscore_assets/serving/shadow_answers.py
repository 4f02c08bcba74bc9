"""How a shadow answers copies of requests: each as production would, or many single leads as one batch."""

import time
from collections.abc import Sequence

from leadscore_assets.serving.answers import Answer
from leadscore_assets.serving.invocation import Asked, Invocation, Scored, key_of, prediction
from leadscore_assets.serving.lead_type import Lead
from leadscore_assets.serving.mirror import Mirrored
from leadscore_assets.serving.models import Model, Serving
from leadscore_assets.serving.tally import Outcome

_TOGETHER = 2
Ended = tuple[Outcome, Scored | None]


def answered(messages: Sequence[Mirrored], serving: Serving) -> list[Ended]:
    """Answer messages in their order with the one model there is."""
    model = serving.models[0]
    leads = {at: lead for at, message in enumerate(messages) if (lead := _single(message, model))}
    batch = _together(leads, model) if len(leads) >= _TOGETHER else {}
    return [batch.get(at) or _alone(message, serving) for at, message in enumerate(messages)]


def _single(message: Mirrored, model: Model) -> Lead | None:
    plain = len(message.scores) == 1 and message.content_type.startswith("application/json")
    return model.reader.read(message.body) if plain and model.scorer.single else None


def _together(leads: dict[int, Lead], model: Model) -> dict[int, Ended]:
    """Score single leads as one batch; all of them take the same time. Nothing when the batch fails: each is alone."""
    began, single = time.perf_counter(), model.scorer.single
    if single is None:
        return {}
    try:
        ones = single.score_all([lead.values for lead in leads.values()])
        found = [prediction(one, lead.key) for one, lead in zip(ones, leads.values(), strict=True)]
    except Exception:  # noqa: BLE001 - the entry point: what fails together is tried one by one, and told there
        return {}
    seconds, placed = (time.perf_counter() - began) / len(leads), model.placed
    answers = [Answer(placed.version, placed.digest, [item]) for item in found]
    return {
        at: (Outcome(200, seconds, 1, key_of(lead.key)), Scored(lead, answer))
        for (at, lead), answer in zip(leads.items(), answers, strict=True)
    }


def _alone(message: Mirrored, serving: Serving) -> Ended:
    invocation = Invocation(Asked(serving, message.body, message.content_type))
    done = invocation.ended(invocation.whole)
    return done.outcome, done.scored
