"""Several leads that arrived together, answered together: they are scored in one walk of the trees.

Each gets the bits and the counts that it gets alone. Where more than one variant answers leads, each is scored and
timed alone, so that the release compares their times fairly whatever share of the leads each has.
"""

import time
from collections.abc import Sequence

from leadscore_assets.serving.invocation import Done, Invocation

TOGETHER = 32


def answer_all(read: Sequence[Invocation]) -> list[Done]:
    """Answer paused invocations, each with its lead read, in their order, whatever happens in each."""
    return _together(read) or [_alone(invocation) for invocation in read]


def _together(read: Sequence[Invocation]) -> list[Done]:
    """Answer invocations of one model; none of them when that is not possible or fails: then each is alone."""
    serving, single = read[0].asked.serving, read[0].model.scorer.single
    if len(read) == 1 or single is None or serving.deals or any(item.asked.serving is not serving for item in read):
        return []
    began = time.perf_counter()
    try:
        ones = single.score_all([item.lead.values for item in read if item.lead])
        seconds = (time.perf_counter() - began) / len(read)
        return [item.scored(one, seconds=seconds) for item, one in zip(read, ones, strict=True)]
    except Exception:  # noqa: BLE001 - the entry point: what fails together is tried one by one, and told there
        return []


def _alone(invocation: Invocation) -> Done:
    invocation.resume()
    return invocation.ended(invocation.finish)
