"""One worker of a server: loads what is desired, then takes connections from the shared socket until SIGTERM.

It ends when the process that started it does.
"""

import argparse
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from leadscore_assets.serving.folder import StateFolder
from leadscore_assets.serving.launching import (
    DRAIN_SECONDS,
    ended_with,
    leave_out_sklearn,
    log_to_stderr,
    orphaned,
    raise_file_limit,
)
from leadscore_assets.serving.reports import SHADOW, Reports, living

if TYPE_CHECKING:
    import uvicorn

    from leadscore_assets.serving.app import ScoringApp
    from leadscore_assets.serving.front import Front
    from leadscore_assets.serving.lane import Lane
    from leadscore_assets.serving.models import Live, Serving
    from leadscore_assets.serving.station import Station
    from leadscore_assets.serving.watcher import Watcher

_KEEP_ALIVE_SECONDS = 75
_WAIT_SECONDS = 0.1
_BATCH_SECONDS = 600.0
_SWITCH_SECONDS = 0.0005
_SAMPLING_SLOT = "0"
_COLLECTED_AFTER = 20_000
log = logging.getLogger("leadscore_assets.serving.worker")


@dataclass(frozen=True)
class WorkerOptions:
    """How a worker is started: `listener` and `mirror` are inherited descriptors, `server` the starter's process.

    `home` is where a rollback on the page is carried out. A `container` has no page, keeps nothing of its leads and
    takes no connection before its model serves; with `reasons` its scores come with so many, for a batch.
    """

    state: Path
    name: str
    slot: str
    server: int
    listener: int
    mirror: int
    home: Path | None = None
    container: bool = False
    reasons: int | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a worker and return 0 after a graceful end."""
    parser = argparse.ArgumentParser(prog="python -m leadscore_assets.serving.worker")
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--slot", required=True)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--container", action="store_true")
    parser.add_argument("--reasons", type=int)
    for number in ("--server", "--listener", "--mirror"):
        parser.add_argument(number, type=int, required=True)
    options = WorkerOptions(**vars(parser.parse_args(arguments)))
    log_to_stderr()
    ended_with(options.server)
    leave_out_sklearn()
    raise_file_limit()
    sys.setswitchinterval(_SWITCH_SECONDS)
    gc.set_threshold(_COLLECTED_AFTER)
    _serve(options, StateFolder(options.state))
    return 0


def _serve(options: WorkerOptions, folder: StateFolder) -> None:
    from leadscore_assets.serving.connections import WorkerServer
    from leadscore_assets.serving.front import Front
    from leadscore_assets.serving.lane import Lane
    from leadscore_assets.serving.models import Live

    live = Live()
    station = _station(options, folder, live)
    front = None if options.container else Front(folder, station, name=options.name, home=options.home)
    ending: list[bool] = []

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.append(True)
        server.should_exit = True

    def waiting() -> int:
        return len(server.server_state.tasks) + len(lane)

    app = _application(options, station, instance=folder.identified(), waiting=waiting, front=front)
    lane = Lane(app)
    server = WorkerServer(_config(app, lane))
    # uvicorn raises the signal again when it has drained; this handler makes that a normal end.
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    watcher = _watcher(folder, live, station, front, reasons=options.reasons)
    while not _ready(station, watcher, porch=folder.porch_file if options.container else None) and not ending:
        time.sleep(_WAIT_SECONDS)
    watcher.start()
    if not ending:
        server.run(sockets=[socket.socket(fileno=options.listener)])
    watcher.stop()
    app.close()
    _leave(station)


def _application(
    options: WorkerOptions,
    station: "Station",
    *,
    instance: str,
    waiting: Callable[[], int],
    front: "Front | None",
) -> "ScoringApp":
    from leadscore_assets.serving.app import ScoringApp
    from leadscore_assets.serving.container_app import ContainerApp
    from leadscore_assets.serving.desk import Desk

    return (ContainerApp if options.container else ScoringApp)(
        name=options.name,
        instance=instance,
        live=station.live,
        station=station,
        waiting=waiting,
        front=front,
        desk=Desk() if options.reasons is None else Desk(seconds=_BATCH_SECONDS),
    )


def _leave(station: "Station") -> None:
    """Write what waits and tell the last counts."""
    if station.capture:
        station.capture.close()
    station.tell()
    log.info("worker %s ended after %d answers", station.slot, station.requests.served)


def _station(options: WorkerOptions, folder: StateFolder, live: "Live") -> "Station":
    from leadscore_assets.serving.capture import Capture
    from leadscore_assets.serving.capture_files import CaptureFiles
    from leadscore_assets.serving.mirror import Mirror
    from leadscore_assets.serving.seen import SeenFolder
    from leadscore_assets.serving.station import Station
    from leadscore_assets.serving.status import WorkerReport
    from leadscore_assets.serving.tally import Book

    reports = Reports(folder.reports_folder)
    before = reports.read(options.slot) or WorkerReport(options.slot, options.server, 0)
    capture = None
    if not options.container:
        files = CaptureFiles(folder.capture_folder / options.name, slot=options.slot)
        capture = Capture(files, secret=folder.secret())
    return Station(
        live,
        slot=options.slot,
        server=options.server,
        reports=reports,
        capture=capture,
        mirror=Mirror(socket.socket(fileno=options.mirror)),
        book=Book(SeenFolder(folder.seen_folder), earlier=before.counts),
        requests=before.requests,
        earlier=before.counts,
    )


def _watcher(
    folder: StateFolder, live: "Live", station: "Station", front: "Front | None", *, reasons: int | None
) -> "Watcher":
    from leadscore_assets.serving.models import opened
    from leadscore_assets.serving.watcher import Watcher

    def follow_starter() -> None:
        if orphaned(station.server):
            os.kill(os.getpid(), signal.SIGTERM)

    def turn(serving: "Serving") -> None:
        # What was just opened stays: the collector need not look at it again while requests wait.
        gc.collect()
        gc.freeze()
        station.turn(serving)

    keep = station.capture.flush if station.capture else follow_starter
    chores = [station.tell_changes, keep, follow_starter]
    if front and station.slot == _SAMPLING_SLOT:
        chores.append(front.sampler().sample_when_due)
    opening = partial(opened, reasons=reasons)
    return Watcher(folder, live, opening=opening, on_state=station.follow, on_swap=turn, chores=chores)


def _ready(station: "Station", watcher: "Watcher", *, porch: Path | None) -> bool:
    """Load what is desired; without anything to serve, take no connection that another worker could answer.

    A container's worker without a model takes none at all, nor does one with a model while its `porch` is there.
    """
    watcher.look()
    station.tell()
    if porch:
        return station.live.serving is not None and not porch.exists()
    if station.live.serving or station.reports is None:
        return True
    others = [report for report in station.reports.all() if report.slot not in (station.slot, SHADOW)]
    return not any(report.release.generation for report in living(others, server=station.server))


def _config(app: "ScoringApp", lane: "Lane") -> "uvicorn.Config":
    import uvicorn

    from leadscore_assets.serving.lane import quick_protocol

    return uvicorn.Config(
        app,
        http=quick_protocol(lane),
        loop="uvloop",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


if __name__ == "__main__":
    sys.exit(main())
