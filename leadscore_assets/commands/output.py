"""What commands print: tables and sentences for people, one JSON document for machines."""

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from leadscore_assets.domain.errors import InvalidInput

_PIPED_WIDTH = 180
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPED_WIDTH)
progress_console = Console(stderr=True, highlight=False)

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def say(text: str) -> None:
    """Print one line for a person."""
    console.print(text, markup=False)


def say_json(content: Mapping[str, Any] | list[Any]) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(content, indent=2, default=str, sort_keys=False))


def say_table(columns: Iterable[str], rows: Iterable[Iterable[Any]], *, title: str | None = None) -> None:
    """Print a table; numbers are written as they should be read."""
    table = Table(
        title=escape(title) if title else None, title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(_shown(value) for value in row))
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if isinstance(value, float) else f"{value}"


def write_file(path: Path, content: bytes) -> None:
    """Write a file that a person asked for; raise InvalidInput naming the path when it cannot be written."""
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be written ({error.strerror}); name a file in a folder that exists"
        ) from None


def check_folder(path: Path | None) -> None:
    """Refuse an output whose folder is not there, before any work is done."""
    if path is not None and not path.absolute().parent.is_dir():
        raise InvalidInput(f"{path}: its folder does not exist; make it, or name a file in a folder that exists")
