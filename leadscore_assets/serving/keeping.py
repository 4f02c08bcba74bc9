"""What is done with an answer after it went out: counted, kept in the sample, and copied for the shadow.

Nothing here may touch the answer: a fault is logged, and the connection stays good.
"""

import time
from collections.abc import Callable, Sequence
from random import getrandbits

from leadscore_assets.serving.capture import Kept
from leadscore_assets.serving.invocation import Asked, Done, log_fault
from leadscore_assets.serving.mirror import Mirrored, in_pieces, is_large, mirrored
from leadscore_assets.serving.station import Station

Answered = tuple[Done, Asked]
Later = Callable[[Callable[[], None]], None]


class Keeper:
    """Keeps answers by what a station has; `later` does in a thread what takes long."""

    def __init__(self, station: Station, later: Later) -> None:
        self._station = station
        self._later = later

    def keep(self, answers: Sequence[Answered]) -> None:
        """Count answers, and keep and mirror those with scores: the copies of a group go together."""
        copies: list[Mirrored] = []
        for done, asked in answers:
            try:
                copy = self._kept(done, asked)
            except Exception as error:  # noqa: BLE001 - the entry point: the answer is out, and others wait behind it
                log_fault(error)
                continue
            if copy:
                copies.append(copy)
        if copies:
            self._station.mirror.send(copies)

    def _kept(self, done: Done, asked: Asked) -> Mirrored | None:
        station, release = self._station, asked.serving.release
        station.book.note(done.model.placed, done.outcome, configuration=release.configuration)
        if done.scored is None or done.reply.status != 200:
            return None
        event, capture = "", station.capture
        if capture and capture.wants():
            event, (leads, answer) = _event(), done.scored
            model = done.model
            capture.offer(Kept(time.time(), event, asked.inference_id, model.placed.name, model.reader, leads, answer))
        if release.shadow is None:
            return None
        if not is_large(asked.body, done.scored):
            if not station.mirror.full:
                return mirrored(asked, done.scored, event=event)
            station.mirror.drop()
            return None
        pieces = in_pieces(asked, done.scored, event=event)
        self._later(lambda: station.mirror.send_each(pieces))
        return None


def _event() -> str:
    """Return an id of a request, written as a UUID of version 4 is; it is no secret."""
    bits = f"{getrandbits(128):032x}"
    return f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}"
