"""`leadscore metrics`: the platform's own numbers for Prometheus, printed, written to a file or served."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import check_folder, say
from leadscore_assets.domain.errors import InvalidInput, LeadscoreError
from leadscore_assets.domain.exposition import CONTENT_TYPE
from leadscore_assets.settings import Settings

_ADDRESS = "127.0.0.1"
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("metrics")
@click.option("--write", type=_FILE, help="Write them to this file, whole or not at all, for node_exporter.")
@click.option("--serve", type=click.IntRange(1, 65535), metavar="PORT", help="Serve them on this loopback port.")
@click.pass_context
def command(ctx: click.Context, write: Path | None, serve: int | None) -> None:
    """Tell the platform's own numbers in Prometheus's text format: jobs, ticks, data, drift, models and ledger.

    The endpoint tells its own at /metrics; rules for the alarms of both are in deploy/alerts.yaml.

    \b
    Example:
      leadscore metrics
      leadscore metrics --write /var/lib/node_exporter/leadscore.prom
      leadscore metrics --serve 9321
    """
    check_folder(write)
    settings = open_home(ctx)
    if serve:
        _serve(serve, lambda: present_metrics(settings))
    elif write:
        _write(write, present_metrics(settings))
    else:
        click.echo(present_metrics(settings), nl=False)


def present_metrics(settings: Settings) -> str:
    """Return the text of this moment's numbers."""
    from leadscore_assets.assets.dagster_facts import automation_of
    from leadscore_assets.automation.jobs import JOBS
    from leadscore_assets.commands.running import open_instance
    from leadscore_assets.resources import open_platform
    from leadscore_assets.steps.platform_numbers import platform_metrics

    with open_instance(settings) as instance:
        automation = automation_of(instance, tuple(job.name for job in JOBS))
    return platform_metrics(open_platform(settings), automation)


def metrics_server(port: int, read: Callable[[], str]) -> ThreadingHTTPServer:
    """Return a server of /metrics on loopback, not yet serving; raise InvalidInput where the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/metrics":
                self._answer(404, "the numbers are at /metrics\n")
                return
            try:
                self._answer(200, read())
            except LeadscoreError as error:
                self._answer(503, f"{error}\n")

        def log_message(self, *_: Any) -> None:
            """Say nothing a scrape."""

        def _answer(self, status: int, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("content-type", CONTENT_TYPE)
            self.send_header("content-length", f"{len(content)}")
            self.end_headers()
            self.wfile.write(content)

    try:
        return ThreadingHTTPServer((_ADDRESS, port), Handler)
    except OSError as error:
        raise InvalidInput(f"port {port} cannot be served ({error.strerror}); name another with --serve") from None


def _serve(port: int, read: Callable[[], str]) -> None:
    server = metrics_server(port, read)
    say(f"http://{_ADDRESS}:{port}/metrics; end with Ctrl+C")
    with server:
        server.serve_forever()


def _write(path: Path, text: str) -> None:
    from leadscore_assets.backends.atomic import write_atomically

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}); name another file") from None
