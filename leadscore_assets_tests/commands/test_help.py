"""Every command says what it does and shows an example; a wrong word is an error, not a traceback."""

import pytest

from leadscore_assets.cli import _COMMANDS
from leadscore_assets_tests.home import run_cli


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_the_help_of_a_command_shows_an_example_of_it(name: str) -> None:
    told = run_cli(name, "--help")
    assert told.code == 0
    _, _, example = told.out.partition("Example:")
    assert f"leadscore {name}" in example or f" {name}" in example.splitlines()[1]


def test_the_help_lists_every_command() -> None:
    out = run_cli("--help").out
    assert all(f"\n  {name} " in out for name in _COMMANDS)


def test_the_version_is_told() -> None:
    from leadscore_assets import __version__

    assert __version__ in run_cli("--version").out


@pytest.mark.parametrize("name", ["retrian", "train"])
def test_an_unknown_command_is_an_error(name: str) -> None:
    told = run_cli(name)
    assert told.code == 2
    assert f"No such command '{name}'" in told.err
