"""The server as a process: claims its folder, binds loopback, detaches when asked to, supervises until SIGTERM.

Claim and port are settled before the process detaches, so that whoever starts it learns at once why it cannot run.
"""

import argparse
import ipaddress
import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from leadscore_assets.domain.errors import InvalidInput, PermanentError
from leadscore_assets.serving.folder import ServerRecord, StateFolder
from leadscore_assets.serving.launching import log_to_stderr
from leadscore_assets.serving.page_token import PageToken
from leadscore_assets.serving.reports import Reports
from leadscore_assets.serving.supervisor import Supervisor

FAILED, PORT_IN_USE, ALREADY_RUNNING = 1, 3, 4
WORKERS = 2
_BACKLOG = 2048
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServerOptions:
    """How one server is started."""

    state: Path
    host: str
    port: int
    name: str
    workers: int = WORKERS
    home: Path | None = None
    detach: bool = False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server; return 0 after a graceful end, 3 for a port in use, 4 when the folder has a server, else 1."""
    log_to_stderr()
    try:
        return _run(_options(arguments))
    except PermanentError as error:
        log.error("%s", error)
        return FAILED


def _options(arguments: Sequence[str] | None) -> ServerOptions:
    parser = argparse.ArgumentParser(prog="python -m leadscore_assets.serving", description="Serve a scoring endpoint.")
    parser.add_argument("--state", type=Path, required=True, help="folder with desired.json")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8321)
    parser.add_argument("--name", default="leadscore", help="the endpoint's name")
    parser.add_argument("--workers", type=int, choices=range(1, 65), default=WORKERS, metavar="N", help="processes")
    parser.add_argument("--home", type=Path, help="the home that a rollback on the page is carried out in")
    parser.add_argument("--detach", action="store_true", help="go on in the background, logging to server.log")
    return ServerOptions(**vars(parser.parse_args(arguments)))


def loopback(host: str) -> str:
    """Return a loopback host's address; raise InvalidInput for any other host."""
    address = "127.0.0.1" if host == "localhost" else host
    try:
        inside = ipaddress.ip_address(address).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise InvalidInput(f"host {host} is not loopback; the server listens on 127.0.0.1 or ::1 only")
    return address


def listening(host: str, port: int) -> socket.socket:
    """Bind a loopback host and a port; raise InvalidInput for another host, OSError when they are taken."""
    return bound(loopback(host), port)


def bound(address: str, port: int) -> socket.socket:
    """Bind any address, which the caller has judged, and a port; raise OSError when they are taken."""
    listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _run(options: ServerOptions) -> int:
    folder = StateFolder(options.state.absolute())
    loopback(options.host)
    folder.prepare()
    claim = folder.claim()
    if claim is None:
        log.error("%s has a running server already", folder.path)
        return ALREADY_RUNNING
    try:
        listener = listening(options.host, options.port)
    except OSError as error:
        log.error("port %d on %s cannot be used: %s", options.port, options.host, error.strerror)
        return PORT_IN_USE
    if options.detach and not _detached(folder, listener):
        return 0
    _note_process(folder, listener)
    folder.identified()
    PageToken(folder.token_file).made()
    Reports(folder.reports_folder).prepare()
    log.info("endpoint %s listens on %s port %d", options.name, *listener.getsockname()[:2])
    given = ("--home", str(options.home.absolute())) if options.home else ()
    Supervisor(folder, listener, name=options.name, workers=options.workers, claim=claim, given=given).run()
    log.info("endpoint %s ended", options.name)
    folder.record_file.unlink(missing_ok=True)
    os.close(claim)
    return 0


def _detached(folder: StateFolder, listener: socket.socket) -> bool:
    """Fork; return True in the child, which has its own session and log, and False in the parent once that is so."""
    reader, writer = os.pipe()
    if os.fork():
        os.close(writer)
        os.read(reader, 1)
        return False
    os.close(reader)
    os.setsid()
    if folder.log_file.is_file():
        folder.log_file.replace(folder.log_file.with_suffix(".log.1"))
    output = os.open(folder.log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    _note_process(folder, listener)
    os.close(writer)
    return True


def _note_process(folder: StateFolder, listener: socket.socket) -> None:
    import psutil

    host, port = listener.getsockname()[:2]
    folder.write_record(ServerRecord(os.getpid(), psutil.Process().create_time(), host, port))
