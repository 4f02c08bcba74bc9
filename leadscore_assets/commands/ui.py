"""`leadscore ui`: the Dagster UI on a home."""

import os
import signal
import sys
from importlib import resources

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import say
from leadscore_assets.domain.errors import InvalidInput

# Dagster points at its newer development tool, which needs a project and cannot open an installed package.
_KNOWN_WARNING = "Function `dev_command` is superseded"


@click.command("ui")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="The port to listen on; [ui] port of leadscore.toml by default."
)
@click.pass_context
def command(ctx: click.Context, port: int | None) -> None:
    """Open the Dagster UI on this home, with its schedules and sensors, on loopback.

    \b
    Example:
      leadscore --home demo_home ui --port 3333
    """
    settings = open_home(ctx)
    chosen = port or settings.values.ui.port
    if _taken(chosen):
        raise InvalidInput(f"port {chosen} is in use; choose another with --port or [ui] port in leadscore.toml")
    say(f"Dagster UI on http://127.0.0.1:{chosen} (stop it with Ctrl-C)")
    given = {"DAGSTER_HOME": str(settings.home / "dagster"), "LEADSCORE_HOME": str(settings.home)}
    workspace = f"{resources.files('leadscore_assets.commands') / 'ui_workspace.yaml'}"
    serve = ["-m", "dagster", "dev", "-w", workspace, "-h", "127.0.0.1", "-p", f"{chosen}"]
    program = [sys.executable, "-W", f"ignore:{_KNOWN_WARNING}", *serve]
    # Started in the background it inherits a deaf ear for interrupts, and Dagster gives SIGTERM the same ear.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execve(sys.executable, program, {**os.environ, **given})  # noqa: S606 - the UI takes this process's place


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
