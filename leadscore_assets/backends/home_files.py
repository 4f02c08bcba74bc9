"""The files of a home: settings, contract and policy as TOML that a person edits, and Dagster's own settings.

Every file says in short comments what it is for; the policy shows each default, ready to be uncommented. What is
written here reads back as equal objects.
"""

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import tomlkit
from pydantic import BaseModel
from tomlkit.items import AoT, Comment, Item, Table

from leadscore_assets.backends.atomic import storage_errors, write_atomically
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.policy import Policy, policy_from

SETTINGS, CONTRACT, POLICY, DAGSTER = "leadscore.toml", "contract.toml", "policy.toml", "dagster/dagster.yaml"

_SETTINGS_ABOUT = (
    "The home of a lead scorer: which leads, which contract and policy, and where it serves.",
    "Look at contract.toml for the columns of a lead and at policy.toml for every threshold.",
)
_SETTINGS_KEYS = {
    "start_week": "The first week there is, by its Monday",
    "contract": "The contract's file in this home",
    "policy": "The policy's file in this home",
    "source": 'Where leads come from: kind "files", "s3", "delta", "sql" or "generator", with the keys of that kind',
    "allowed": "What may be read besides the source's own place: roots (folders) and buckets",
    "endpoint": "The scoring server listens here, on this machine only",
    "platform": 'Where training, registry and endpoint run: "local", or "aws" with an [aws] section',
    "ledger": "Where decisions are recorded, as a SQLAlchemy URL without a password",
    "approval": "Who may approve a release in which role: roles = { ml_lead = [], business = [] }, anyone where empty",
    "notices": "Where people are told: log, sns, env:VARIABLE or file:PATH, which hold an address such as mailtos://",
    "aws": "The account: region, bucket and the role that jobs run as; credentials come from AWS's own chain",
    "ui": "The Dagster UI listens here, on this machine only",
}
_CONTRACT_ABOUT = (
    "What a lead is. Another data set is another contract; nothing else has to change.",
    "A row outside a hard limit (minimum, maximum, levels, a value that may not be missing) is set aside.",
    "missing is the largest share of a week's rows that may lack the value; without it, no row may.",
    "open_levels = true accepts levels that are not listed.",
    "pii = true marks personal data: it is masked wherever requests are kept.",
)
_CONTRACT_KEYS = {
    "key": "The column that identifies a lead; of equal keys the newest row counts",
    "created_at": "The column with the moment a lead was created",
    "label": "The column with the score to learn, a whole number in this range",
    "outcome": 'The column that says whether a lead converted; "" where none does',
    "horizon_days": "Days after which an outcome is known: younger leads are not learnt from",
}
_POLICY_ABOUT = (
    "Every threshold. A commented line shows the default; uncomment it to set another value.",
    "Decisions are recorded with this policy's digest.",
)


def write_home(
    home: Path, *, settings: Mapping[str, Any], contract: Contract, policy: Mapping[str, Any], overwrite: bool = False
) -> list[Path]:
    """Write a home's four files, each whole or not at all, and return their paths, the settings' last.

    `settings` and `policy` hold what differs from the defaults. Raises InvalidInput naming the path and the remedy
    where a file exists already (unless told to overwrite), the home is a file, or it may not be written.
    """
    contents = {
        home / CONTRACT: contract_text(contract),
        home / POLICY: policy_text(policy),
        home / DAGSTER: resources.files("leadscore_assets.backends").joinpath("home_dagster.yaml").read_text("utf-8"),
        home / SETTINGS: settings_text(settings),
    }
    with storage_errors(home):
        _check_free(home, [path for path in contents if path.exists()], overwrite=overwrite)
    for path, text in contents.items():
        write_atomically(path, text.encode())
    return list(contents)


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return leadscore.toml: plain keys first, then one table for each group of settings."""
    document = _document(_SETTINGS_ABOUT)
    for name, value in sorted(settings.items(), key=lambda item: isinstance(item[1], Mapping)):
        document.add(tomlkit.nl())
        about = [tomlkit.comment(_SETTINGS_KEYS[name])] if name in _SETTINGS_KEYS else []
        if isinstance(value, Mapping):
            document.add(name, _table(value, about))
            continue
        for line in about:
            document.add(line)
        document.add(name, tomlkit.item(value))
    return _text(document)


def contract_text(contract: Contract) -> str:
    """Return contract.toml: the roles, then one table a feature and one a derived feature, without defaults."""
    document = _document(_CONTRACT_ABOUT)
    document.add(tomlkit.nl())
    for name in Contract.model_fields:
        if name in ("features", "derived"):
            continue
        if name in _CONTRACT_KEYS:
            document.add(tomlkit.comment(_CONTRACT_KEYS[name]))
        value = getattr(contract, name)
        document.add(name, tomlkit.item("" if value is None else value))
    for name, items in (("features", contract.features), ("derived", contract.derived)):
        if items:
            document.add(tomlkit.nl())
            document.add(name, _tables(items))
    return _text(document)


def policy_text(policy: Mapping[str, Any]) -> str:
    """Return policy.toml: what the policy sets, and every other key as a comment with its default.

    Raises pydantic.ValidationError for a key or value that the policy does not have.
    """
    policy_from(dict(policy))
    document, usual = _document(_POLICY_ABOUT), Policy()
    document.add(tomlkit.nl())
    for name in Policy.model_fields:
        default, given = getattr(usual, name), policy.get(name)
        if isinstance(default, BaseModel):
            document.add(name, _section(default, given or {}))
            document.add(tomlkit.nl())
        else:
            document.add(name, tomlkit.item(given if given is not None else default))
            document.add(tomlkit.nl())
    return _text(document)


def _check_free(home: Path, standing: list[Path], *, overwrite: bool) -> None:
    if home.exists() and not home.is_dir():
        raise InvalidInput(f"{home} is a file, and a home is a folder; name another one with --home")
    if standing and not overwrite:
        names = ", ".join(path.relative_to(home).as_posix() for path in standing)
        raise InvalidInput(
            f"{home} has a home already ({names}); edit these files, write them again with --force, or name "
            "another home with --home"
        )


def _section(usual: BaseModel, given: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    default = type(usual).model_validate({"preset": given["preset"]}) if "preset" in given else usual
    for line in (type(default).__doc__ or "").strip().splitlines():
        if line.strip():
            table.add(tomlkit.comment(line.strip()))
    for name, field in type(default).model_fields.items():
        note = f"  # {field.description}" if field.description else ""
        if name in given:
            table.add(name, _value(given[name]))
        else:
            table.add(tomlkit.comment(_shown(name, getattr(default, name)) + note))
    return table


def _shown(name: str, value: Any) -> str:
    return f"{name} is not set" if value is None else f"{name} = {_value(value).as_string()}"


def _value(value: Any) -> Item:
    """One line of TOML: tables and lists of tables are written inline, and a key that is not set is left out."""
    if isinstance(value, BaseModel):
        return _value(value.model_dump(mode="json", exclude_none=True))
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        inline.update({name: _value(item) for name, item in value.items()})
        return inline
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        array.extend([_value(item) for item in value])
        return array
    item: Item = tomlkit.item(value)
    return item


def _document(about: tuple[str, ...]) -> tomlkit.TOMLDocument:
    document = tomlkit.document()
    for line in about:
        document.add(tomlkit.comment(line))
    return document


def _text(document: tomlkit.TOMLDocument) -> str:
    return tomlkit.dumps(document).rstrip() + "\n"


def _table(content: Mapping[str, Any], about: Sequence[Comment] = ()) -> Table:
    table = tomlkit.table()
    for line in about:
        table.add(line)
    for name, value in content.items():
        table.add(name, tomlkit.item(value))
    return table


def _tables(items: tuple[BaseModel, ...]) -> AoT:
    tables = tomlkit.aot()
    for item in items:
        tables.append(_table(item.model_dump(mode="json", exclude_defaults=True)))
    return tables
