"""The clock of a simulated year: this process and the scoring server live at the moment that it was moved to.

Time flows on between two moves, so what takes long takes long; only the monotonic clock is the machine's own.
"""

import mmap
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import time_machine

_SERVER_CLOCK = Path(__file__).parent / "server_clock"
_VARIABLE = "LEADSCORE_YEAR_CLOCK"


class Clock:
    """A held clock; make it with `held`."""

    def __init__(self, traveller: time_machine.Traveller, shift: mmap.mmap) -> None:
        self._traveller, self._shift = traveller, shift

    def move(self, moment: datetime) -> None:
        """Go on to a moment; where work took so long that it is over, time stays as it is."""
        if moment > datetime.now(UTC):
            self._traveller.move_to(moment)
            self._shift[:] = _shifted(moment)


@contextmanager
def held(moment: datetime, folder: Path) -> Iterator[Clock]:
    """Hold the clock of this process, and of the servers that it starts, from a moment on."""
    path = folder / "clock"
    path.write_bytes(_shifted(moment))
    before = {name: os.environ.get(name) for name in (_VARIABLE, "PYTHONPATH")}
    paths = [f"{_SERVER_CLOCK}", *filter(None, [before["PYTHONPATH"]])]
    os.environ.update({_VARIABLE: f"{path}", "PYTHONPATH": os.pathsep.join(paths)})
    try:
        with (
            path.open("r+b") as file,
            mmap.mmap(file.fileno(), 8) as shift,
            time_machine.travel(moment, tick=True) as traveller,
        ):
            yield Clock(traveller, shift)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            os.environ.update({name: value} if value is not None else {})


def _shifted(moment: datetime) -> bytes:
    hatch = time_machine.escape_hatch
    own = hatch.time.time() if hatch.is_travelling() else time.time()
    return struct.pack("d", moment.timestamp() - own)
