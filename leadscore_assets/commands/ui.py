"""`leadscore ui`: the Dagster UI on a home."""

import os
import sys

import click

from leadscore_assets.commands.opening import open_home
from leadscore_assets.commands.output import say
from leadscore_assets.domain.errors import InvalidInput


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
    program = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "leadscore_assets.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        f"{chosen}",
    ]
    os.execve(sys.executable, program, {**os.environ, **given})  # noqa: S606 - the UI takes this process's place


def _taken(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
