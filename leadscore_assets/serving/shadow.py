"""The shadow's own process: answers copies of requests with a bundle that answers nobody, and compares.

It shares nothing with production but a pipe that may be full: slow, hanging or dead, it costs production nothing.
"""

import argparse
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from leadscore_assets.domain.serving_counts import Agreement, ServingCounts
from leadscore_assets.serving.capture import Capture, Kept
from leadscore_assets.serving.capture_files import CaptureFiles
from leadscore_assets.serving.comparison import Comparison
from leadscore_assets.serving.desired import Desired, Release
from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.invocation import Scored
from leadscore_assets.serving.launching import ended_with, leave_out_sklearn, log_to_stderr
from leadscore_assets.serving.mirror import Mirrored, received
from leadscore_assets.serving.models import Live, Model, Serving, opened_shadow
from leadscore_assets.serving.reports import SHADOW, Reports
from leadscore_assets.serving.shadow_answers import answered
from leadscore_assets.serving.status import WorkerReport
from leadscore_assets.serving.tally import Book
from leadscore_assets.serving.watcher import Watcher

_WAIT_SECONDS = 0.25
_STUCK_SECONDS = 10.0
_NICE = 19
log = logging.getLogger("leadscore_assets.serving.shadow")


class Shadow:
    """The shadow's model, counts and comparison; one thread answers, another follows the desired state."""

    def __init__(self, live: Live, capture: Capture, reports: Reports, *, server: int) -> None:
        self.live = live
        self.capture = capture
        self._reports = reports
        self._server = server
        before = reports.read(SHADOW)
        self._earlier = before.counts if before else ServingCounts()
        self._book = Book()
        self._comparison: Comparison | None = None
        self._beat = time.monotonic()

    def follow(self, desired: Desired) -> None:
        """Take over what of the desired state needs no bundle."""
        self.capture.rules = desired.capture

    def turn(self, serving: Serving) -> None:
        """Begin the counts of another bundle or configuration; go on with those of the same."""
        if not serving.models:
            return
        model, name, old = serving.models[0], serving.release.configuration, self._current()
        known = (
            old.shadow
            if old.configuration == name and old.shadow and old.shadow.digest == model.placed.digest
            else None
        )
        contract = model.scorer.contract
        agreement = old.agreement if known else Agreement()
        earlier = ServingCounts(name, (known,) if known else (), agreement=agreement)
        self._book = Book(earlier=earlier)
        self._comparison = Comparison(contract.label_minimum, contract.label_maximum, earlier=agreement)
        self._earlier = ServingCounts(name, shadow=known, agreement=agreement)

    def beat(self) -> None:
        """Note that the answering thread is alive."""
        self._beat = time.monotonic()

    def tell(self) -> None:
        """Report, unless the answering thread is stuck: then the supervisor shall see a silent process."""
        if time.monotonic() - self._beat > _STUCK_SECONDS:
            return
        live, serving = self.live, self.live.serving
        self._reports.write(
            WorkerReport(
                slot=SHADOW,
                server=self._server,
                pid=os.getpid(),
                release=serving.release if serving else Release(),
                error=live.error,
                error_generation=live.error_generation,
                engines={model.placed.name: model.scorer.engine for model in serving.models} if serving else {},
                counts=self._current(),
            )
        )

    def answer(self, messages: Sequence[Mirrored]) -> None:
        """Answer copies of requests and compare; those of another release are left out.

        When several wait, single leads are scored as one batch, so that a shadow that is behind catches up.
        """
        serving, comparison = self.live.serving, self._comparison
        if serving is None or not serving.models or comparison is None:
            return
        ours = [message for message in messages if message.configuration == serving.release.configuration]
        if not ours:
            return
        comparison.note_lag(time.monotonic() - ours[0].sent)
        for message, (outcome, scored) in zip(ours, answered(ours, serving), strict=True):
            self._book.note(serving.models[0].placed, outcome, configuration=message.configuration)
            self._compare(message, scored, comparison)

    def _compare(self, message: Mirrored, scored: Scored | None, comparison: Comparison) -> None:
        if scored is None or len(scored.answer.predictions) != len(message.scores):
            comparison.note_failed(len(message.scores))
            return
        for mine, score, band in zip(scored.answer.predictions, message.scores, message.bands, strict=True):
            comparison.note(mine.score, score, same_band=mine.band == band)
        if message.event and self.live.serving:
            self.capture.offer(_kept(message, self.live.serving.models[0], scored))

    def _current(self) -> ServingCounts:
        if self._comparison is None:
            return self._earlier
        found = self._book.variants()
        agreement = self._comparison.agreement()
        return ServingCounts(
            self._book.configuration,
            shadow=found[0] if found else self._earlier.shadow,
            agreement=agreement,
            captured=self._earlier.captured + self.capture.written,
            capture_lost=self._earlier.capture_lost + self.capture.lost,
        )


def _kept(message: Mirrored, model: Model, scored: Scored) -> Kept:
    name, (leads, answer) = model.placed.name, scored
    return Kept(time.time(), message.event, message.inference_id, name, model.reader, leads, answer)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the shadow until SIGTERM and return 0."""
    parser = argparse.ArgumentParser(prog="python -m leadscore_assets.serving.shadow")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--name", required=True)
    for number in ("--server", "--receiver"):
        parser.add_argument(number, type=int, required=True)
    options = parser.parse_args(arguments)
    log_to_stderr()
    ended_with(options.server, signal.SIGKILL)
    leave_out_sklearn()
    os.nice(_NICE)
    folder = StateFolder(options.state)
    _run(folder, socket.socket(fileno=options.receiver), name=options.name, server=options.server)
    return 0


def _run(folder: StateFolder, receiver: socket.socket, *, name: str, server: int) -> None:
    live, ending = Live(), []
    capture = Capture(CaptureFiles(folder.capture_folder / name, slot=SHADOW), secret=folder.secret())
    shadow = Shadow(live, capture, Reports(folder.reports_folder), server=server)
    watcher = Watcher(
        folder,
        live,
        opening=opened_shadow,
        on_state=shadow.follow,
        on_swap=shadow.turn,
        chores=(capture.flush, shadow.tell),
    )
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watcher.look()
    watcher.start()
    receiver.settimeout(_WAIT_SECONDS)
    while not ending:
        shadow.beat()
        shadow.answer(received(receiver))
    watcher.stop()
    capture.close()
    shadow.tell()


if __name__ == "__main__":
    sys.exit(main())
