"""What the files of a deployment tell a shell to run, compared with the command lines that there are."""

import re
import shlex
from collections.abc import Iterator, Sequence
from importlib import import_module

import click

from leadscore_assets import cli

_DAGSTER = {
    "dagster": ("dagster._cli", "create_dagster_cli"),
    "dagster-daemon": ("dagster._daemon.cli", "create_dagster_daemon_cli"),
    "dagster-webserver": ("dagster_webserver.cli", "dagster_webserver"),
}
_PROGRAM = re.compile(r"^(.*/bin/)?(leadscore|dagster(-daemon|-webserver)?)$")
# What may stand before a program: nothing, the end of another, a variable, or a program that starts the next.
_BEGINS = re.compile(r"^$|^(\||\|\||&&|;|&|--|exec|leadscore-dagster)$|=|\.sh$")
_ENDS = ("|", "||", "&&", ";", "&")


def commands_in(line: str) -> Iterator[list[str]]:
    """Yield the commands of this product and of Dagster in a line of a shell, each with its own words."""
    if not re.search(r"(leadscore|dagster\S*) \S", line):
        return
    words = ["", *shlex.split(line, comments=True)]
    for at, word in enumerate(words[1:], start=1):
        if _PROGRAM.search(word) and _BEGINS.search(words[at - 1]):
            rest = words[at + 1 :]
            end = next((number for number, item in enumerate(rest) if item in _ENDS), len(rest))
            yield [word.rpartition("/")[2], *rest[:end]]


def told_wrong(command: Sequence[str]) -> str:
    """Say what a command line does not know of its words; empty where it knows all, or is no program of ours."""
    program, *words = next(commands_in(shlex.join(command)), [""])
    if not program:
        return ""
    try:
        _walk(_group(program), program, words)
    except click.UsageError as error:
        return f"{shlex.join([program, *words])}: {error.format_message()}"
    return ""


def _group(program: str) -> click.Command:
    if program == "leadscore":
        return cli.group
    module, name = _DAGSTER[program]
    found = getattr(import_module(module), name)
    command: click.Command = found if isinstance(found, click.Command) else found()
    return command


def _walk(command: click.Command, name: str, words: list[str]) -> None:
    context = click.Context(command, info_name=name)
    _, rest, _ = command.make_parser(context).parse_args(list(words))
    if isinstance(command, click.Group):
        if not rest:
            raise click.UsageError("no command is named")
        _walk(_inner(command, context, rest[0]), rest[0], rest[1:])


def _inner(command: click.Group, context: click.Context, name: str) -> click.Command:
    found = command.get_command(context, name)
    if found is None:
        raise click.UsageError(f"there is no command {name}")
    return found
