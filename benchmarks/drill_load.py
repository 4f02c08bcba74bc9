"""The drill's load: a process of its own that sends at a fixed rate, whatever the drill does, and notes every answer.

Nothing is judged here: what may answer at a moment is known to the drill alone, and judging would delay the next
request. The clock is the machine's monotonic one, which every process shares. SIGTERM ends the load.
"""

import gc
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.http_load import Client, Exchange, post
from leadscore_assets.serving.answers import Answer

_VARIANT = b"x-amzn-invoked-production-variant: "
_STARTED_SECONDS = 60.0


class Order(msgspec.Struct, frozen=True):
    """What is to be sent: JSON bodies in turn, to a port, at a rate a second, for so many seconds at most."""

    port: int
    rate: float
    seconds: float
    connections: int
    bodies: list[str]


class Noted(msgspec.Struct, frozen=True, array_like=True):
    """One request: its number, its times (monotonic seconds), its status (0: lost), and who answered what."""

    number: int
    due: float
    sent: float
    done: float
    status: int
    variant: str = ""
    version: int = 0
    digest: str = ""
    leads: list[str] = []
    scores: list[float] = []


@contextmanager
def loading(folder: Path, order: Order) -> Iterator[list[Noted]]:
    """Keep a server under load; every answer is in the list once the context has ended."""
    path, out = folder / "order.json", folder / "answers.msgpack"
    path.write_bytes(msgspec.json.encode(order))
    noted: list[Noted] = []
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.drill_load", str(path), str(out)])
    try:
        _await(out.with_suffix(".began"), process)
        yield noted
    finally:
        process.terminate()
        process.wait(60)
    noted += msgspec.msgpack.decode(out.read_bytes(), type=list[Noted])


def main(order: Path, out: Path) -> None:
    """Send until the time is over or SIGTERM, then write the notes."""
    asked = msgspec.json.decode(order.read_bytes(), type=Order)
    ended: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    noted: list[Noted] = []
    decoder = msgspec.json.Decoder(Answer)
    requests = [post("/invocations", body.encode()) for body in asked.bodies]
    client = Client(
        asked.port, requests, connections=asked.connections, look=lambda found: noted.append(_noted(found, decoder))
    )
    gc.collect()
    gc.freeze()
    gc.disable()
    out.with_suffix(".began").touch()
    client.open_loop(asked.rate, asked.seconds, during=lambda _: bool(ended))
    client.close()
    out.write_bytes(msgspec.msgpack.encode(noted))


def _noted(found: Exchange, decoder: "msgspec.json.Decoder[Answer]") -> Noted:
    number, due, sent, done, status, received = found
    if status != 200:
        return Noted(number, due, sent, done, status)
    head, _, body = received.partition(b"\r\n\r\n")
    variant = head.lower().partition(_VARIANT)[2].partition(b"\r\n")[0].decode()
    try:
        answer = decoder.decode(body)
    except msgspec.DecodeError:
        return Noted(number, due, sent, done, status, variant)
    leads = [str(item.lead_id) for item in answer.predictions]
    scores = [item.score for item in answer.predictions]
    return Noted(number, due, sent, done, status, variant, answer.model_version, answer.model_digest, leads, scores)


def _await(sign: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _STARTED_SECONDS
    while not sign.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit("the load does not start")
        time.sleep(0.02)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
