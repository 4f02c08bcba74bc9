"""The picture of docs/replay.md, drawn from a home's newest replay: `python docs/draw_replay.py --home HOME`."""

from pathlib import Path

import click

from leadscore_assets.reports.replay_page import replay_png
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.replaying import stored_replay


@click.command()
@click.option("--home", type=click.Path(exists=True), required=True, help="A home with a replay.")
def draw(home: str) -> None:
    """Write docs/replay_hotel.png."""
    content = replay_png(stored_replay(open_platform(load_settings(home))), dpi=130)
    if content is None:
        raise click.ClickException(f"the newest replay of {home} measured no model; replay weeks that have some")
    (Path(__file__).parent / "replay_hotel.png").write_bytes(content)


if __name__ == "__main__":
    draw()
