"""A home's settings: found, typed, defaulted, and refused in the words of the file."""

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from leadscore_assets.domain.contract import default_contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.policy import Policy
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import DEFAULT_HOME, HomeSettings, load_settings, read_toml
from leadscore_assets_tests.home import CONTRACT, START, Home


def write(folder: Path, text: str) -> Path:
    (folder / "leadscore.toml").write_text(text)
    return folder


@pytest.mark.parametrize("given", ["argument", "variable", "default"])
def test_the_home_is_the_argument_else_the_variable_else_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LEADSCORE_HOME", raising=False)
    if given != "default":
        monkeypatch.setenv("LEADSCORE_HOME", str(tmp_path / "variable"))
    found = load_settings(tmp_path / "argument" if given == "argument" else None)
    assert found.home == tmp_path / {"default": DEFAULT_HOME}.get(given, given)
    assert not found.exists


def test_a_home_without_its_contract_says_so_instead_of_taking_another(home: Home) -> None:
    (home.path / "contract.toml").unlink()
    with pytest.raises(InvalidInput, match=r"contract\.toml does not exist; put it back"):
        load_settings(home.path).contract()


def test_a_folder_without_settings_has_every_default(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert found.values == HomeSettings()
    assert found.contract() == default_contract()
    assert found.policy() == Policy()


def test_the_actor_is_the_variable_else_the_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADSCORE_USER", "ada")
    assert load_settings(tmp_path).actor == "ada"
    monkeypatch.delenv("LEADSCORE_USER")
    monkeypatch.setattr("getpass.getuser", lambda: "grace")
    assert load_settings(tmp_path).actor == "grace"


def test_a_machine_that_knows_no_login_names_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid 4711")

    monkeypatch.delenv("LEADSCORE_USER", raising=False)
    monkeypatch.setattr("getpass.getuser", nobody)
    assert load_settings(tmp_path).actor == "unknown"


def test_settings_are_read_typed(home: Home) -> None:
    found = load_settings(home.path)
    assert found.exists
    assert found.values.start_week == START
    assert (found.values.source.kind, found.values.source.path) == ("files", "data")
    assert found.values.endpoint.port == home.port
    assert found.contract() == CONTRACT
    assert found.policy().training.rounds == 10


def test_another_file_may_hold_the_contract(home: Home) -> None:
    (home.path / "contract.toml").rename(home.path / "other.toml")
    path = home.path / "leadscore.toml"
    path.write_text('contract = "other.toml"\n' + path.read_text())
    assert load_settings(home.path).contract() == CONTRACT


def test_events_of_the_generator_are_read(tmp_path: Path) -> None:
    text = '[[source.events]]\nkind = "shift"\nstart = 2026-03-02\nfeature = "email_open_rate"\nsize = 1.0\n'
    (event,) = load_settings(write(tmp_path, text)).values.source.events
    assert (event.kind, event.start, event.feature) == ("shift", date(2026, 3, 2), "email_open_rate")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("start_week = 2026-01-06", "start_week = .*is a Tuesday; write the Monday of its week, 2026-01-05"),
        ("start_weak = 2026-01-05", "start_weak.*remove the key or correct its spelling"),
        ("[endpoint]\nport = 0", "endpoint.port = 0: .*greater than or equal to 1"),
        ('[endpoint]\nhost = "0.0.0.0"', "endpoint.host = '0.0.0.0'"),
        ('[endpoint]\nname = "lead score"', "endpoint.name = 'lead score'"),
        ('[[source.events]]\nkind = "shift"\nstart = 2026-03-02', "source.events.0: .*needs the name of a feature"),
        ("[source", "is not valid TOML: .*; mend the line"),
        ("source = 3", "source = 3"),
    ],
)
def test_a_bad_setting_names_file_key_value_and_rule(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said) as error:
        load_settings(write(tmp_path, text))
    assert str(tmp_path / "leadscore.toml") in str(error.value)


def test_text_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "leadscore.toml").write_bytes(b"# caf\xe9\n")
    with pytest.raises(InvalidInput, match="is not valid TOML"):
        load_settings(tmp_path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not exist; put it back, or run 'leadscore init --force'"):
        read_toml(tmp_path / "none.toml", HomeSettings.model_validate)


def test_settings_cannot_be_changed_after_they_are_read() -> None:
    with pytest.raises(ValidationError):
        HomeSettings().contract = "other.toml"  # type: ignore[misc]


def test_opening_a_platform_writes_nothing(tmp_path: Path) -> None:
    platform = open_platform(load_settings(tmp_path / "none"))
    assert platform.registry.packages() == []
    assert platform.ledger.records() == []
    assert platform.lake.manifests(START, START) == []
    assert platform.endpoint.status().running is False
    assert not (tmp_path / "none").exists()
