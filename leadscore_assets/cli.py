"""The command line. Each command is a module of `commands`, imported when it is called."""

import importlib
import sys

import click

from leadscore_assets import __version__
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.settings import DEFAULT_HOME

_COMMANDS = {
    "demo": ("demo", "Run the weekly loop on generated leads and leave a live endpoint."),
    "init": ("init", "Make a home, for generated leads or for your own files."),
    "ingest": ("ingest", "Bring new, late and corrected weeks into the lake."),
    "retrain": ("retrain", "Train and judge a week's candidate, and release it if it is better."),
    "backfill": ("backfill", "Train and judge historical weeks; never releases."),
    "drift": ("drift", "Say whether a week's leads drifted, and which features say so."),
    "replay": ("replay", "Decide the past again under other policies; never releases."),
    "status": ("status", "Say what is stored, live and due."),
    "report": ("report", "Make one week's page: what was retrained, what became of lists, what comes next."),
    "metrics": ("metrics", "Tell the platform's own numbers to Prometheus."),
    "policy": ("policy", "Show and check every threshold, its presets and their error rates."),
    "compare": ("compare", "Compare any two bundles on any file of labelled leads."),
    "score": ("score", "Score and rank the leads of any file with the champion."),
    "release": ("release", "See and steer how a candidate comes to answer leads."),
    "rollback": ("rollback", "Put an earlier model back in the champion's place."),
    "why": ("why", "Say why there was, or was not, a retraining."),
    "ledger": ("ledger", "Show, verify and export the record of every decision; ask what was live and why."),
    "notices": ("notices", "See and send what people are told, and try a channel."),
    "backup": ("backup", "Copy the home, whole, while it is at work."),
    "restore": ("restore", "Make the home again from a backup."),
    "endpoint": ("endpoint", "Start, stop and look at the scoring endpoint."),
    "ui": ("ui", "Open the Dagster UI on this home."),
    "clean": ("clean", "Show what the retention policy keeps no longer, and remove it."),
    "cost": ("cost", "Estimate what a month on AWS costs."),
    "doctor": ("doctor", "Check the home, or its AWS account, and say what to mend."),
}


class LazyCommands(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the commands in the order a newcomer meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"leadscore_assets.commands.{_COMMANDS[cmd_name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List every command with its line, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in _COMMANDS.items()])


@click.group(cls=LazyCommands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="leadscore")
@click.option("--home", metavar="FOLDER", help=f"The home to work on (LEADSCORE_HOME, else ./{DEFAULT_HOME}).")
@click.pass_context
def group(ctx: click.Context, home: str | None) -> None:
    """Keep a lead scorer right, week after week.

    \b
    Example:
      leadscore demo
      leadscore --home my_home init --data leads.parquet
      leadscore --home my_home retrain
    """
    ctx.obj = home


def main() -> None:
    """Run the command line; an error that a person can mend is one sentence and exit code 1."""
    try:
        group(standalone_mode=True)
    except LeadscoreError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
