"""Lead sources as settings and people name them: which adapter, with which account, and what it may read."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import ValidationError

from leadscore_assets.aws_account import open_account
from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.backends.ports import LeadSource
from leadscore_assets.backends.sources.allowed import Allowed, own_root
from leadscore_assets.backends.sources.naming import named_source
from leadscore_assets.domain.contract import Contract
from leadscore_assets.domain.errors import InvalidInput, oneline
from leadscore_assets.settings import Settings
from leadscore_assets.source_settings import SourceSettings

if TYPE_CHECKING:
    from leadscore_assets.backends.aws.account import Account
    from leadscore_assets.backends.sources.delta_table import DeltaPlace
    from leadscore_assets.backends.sources.notes import Notes

_NOTES = "source_notes"


def source_of(settings: Settings, *, now: Callable[[], datetime]) -> LeadSource:
    """Return the source that a home's settings name; nothing is read or connected yet."""
    source, contract = settings.values.source, settings.contract()
    if source.kind == "generator":
        return _generator(settings, contract, now)
    if source.kind == "files":
        from leadscore_assets.backends.local.files_source import local_source

        path = str(settings.home.joinpath(source.path or ""))
        return local_source(path, contract=contract, format=source.format, allowed=_own(settings, path))
    if source.kind == "s3":
        from leadscore_assets.backends.aws.s3_source import s3_source

        account, uri, aws = _account(source, settings.values.aws), source.uri or "", settings.values.aws
        notes = _notes(settings, uri)
        owner = aws.owner if aws and uri.startswith(f"s3://{aws.bucket}/") else None
        return s3_source(account, uri, contract=contract, format=source.format, owner=owner, notes=notes)
    if source.kind == "delta":
        from leadscore_assets.backends.sources.delta_source import DeltaSource

        place = _table(source, settings.home, settings.values.aws, _own(settings, _folder(source, settings.home)))
        return DeltaSource(place, contract=contract, notes=_notes(settings, place.address))
    from leadscore_assets.backends.sources.sql_source import SqlSource

    name, query = _query(source, settings.home)
    return SqlSource(source.url or "", query, contract=contract, name=name, batch_rows=source.batch_rows)


def chosen_source(data: str, *, query: str | None, region: str | None) -> SourceSettings:
    """Return the settings of a source that a person names for a new home; raise InvalidInput where they cannot be."""
    source = _validated(named_source(data, query=query, region=region))
    if source.uri and not source.region:
        source = source.model_copy(update={"region": _region()})
    return source


def sample_of(source: SourceSettings, *, home: Path, aws: AwsSettings | None, allowed: Allowed) -> pa.Table:
    """Return every row that a source holds, as it has them."""
    if source.kind == "sql":
        from leadscore_assets.backends.sources import sql_source

        name, query = _query(source, home)
        return sql_source.read_sample(source.url or "", query, name=name, batch_rows=source.batch_rows)
    if source.kind == "delta":
        from leadscore_assets.backends.sources import delta_source

        return delta_source.read_sample(_table(source, home, aws, allowed))
    from leadscore_assets.backends.sources import files_source

    if source.kind == "s3":
        from leadscore_assets.backends.aws.s3_files import find_objects

        uri = source.uri or ""
        return files_source.read_sample(find_objects(_account(source, aws), uri, source.format), place=uri)
    from leadscore_assets.backends.local.source_files import find_files

    path = source.path or ""
    return files_source.read_sample(find_files(path, source.format, allowed=allowed), place=path)


def sample_named(data: str, settings: Settings) -> pa.Table:
    """Return every row of what a person names for a home that exists; raise InvalidInput where it may not be read."""
    values = settings.values
    known = values.source.region or (values.aws.region if values.aws else None)
    source = _validated(named_source(data, region=known if "s3://" in data else None))
    if source.uri:
        _allowed(settings).check_bucket(_bucket(source.uri))
    return sample_of(source, home=settings.home, aws=values.aws, allowed=_allowed(settings))


def _validated(keys: dict[str, Any]) -> SourceSettings:
    try:
        return SourceSettings.model_validate(keys)
    except ValidationError as error:
        # What was given is not repeated: a URL may hold a password.
        problems = [f"{'.'.join(map(str, item['loc']))} {item['msg']}".strip() for item in error.errors()]
        raise InvalidInput(f"the place of the leads cannot be read: {oneline(problems)}") from None


def _allowed(settings: Settings) -> Allowed:
    """What a person may name besides the source's own place, which is always among it."""
    values = settings.values
    roots, own = values.allowed.roots, values.source
    buckets = {*values.allowed.buckets, *([_bucket(own.uri)] if own.uri else [])}
    if roots is None:
        return Allowed(None, tuple(sorted(buckets)))
    named = [settings.home.joinpath(root).resolve() for root in roots]
    return Allowed((*([own_root(settings.home / own.path)] if own.path else []), *named), tuple(sorted(buckets)))


def _own(settings: Settings, path: str) -> Allowed:
    """What the source itself may read: below its own path, and below the folders that the settings allow besides."""
    named = [settings.home.joinpath(root).resolve() for root in settings.values.allowed.roots or ()]
    return Allowed((own_root(Path(path).expanduser()), *named))


def _bucket(uri: str) -> str:
    return uri.removeprefix("s3://").partition("/")[0]


def _folder(source: SourceSettings, home: Path) -> str:
    return str(home.joinpath(source.path)) if source.path else ""


def _table(source: SourceSettings, home: Path, aws: AwsSettings | None, allowed: Allowed) -> "DeltaPlace":
    from leadscore_assets.backends.sources.delta_table import DeltaPlace

    if source.path:
        return DeltaPlace(_folder(source, home), source.version, source.as_of, allowed=allowed)
    from leadscore_assets.backends.aws.delta_storage import storage_options

    account = _account(source, aws)
    uri = (source.uri or "").rstrip("/")
    return DeltaPlace(uri, source.version, source.as_of, options=lambda: storage_options(account))


def _account(source: SourceSettings, aws: AwsSettings | None) -> "Account":
    if aws:
        return open_account(aws, region=source.region)
    from leadscore_assets.backends.aws.account import Account

    return Account(region=source.region or _region())


def _region() -> str:
    from leadscore_assets.backends.aws.account import default_region

    return default_region()


def _query(source: SourceSettings, home: Path) -> tuple[str, str]:
    """Return what a query is called and its text."""
    if source.query_file is None:
        return "query", source.query or ""
    path = home.joinpath(source.query_file)
    try:
        return path.name, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} cannot be read ({error}); correct [source] query_file in leadscore.toml") from None


def _notes(settings: Settings, address: str) -> "Notes":
    from leadscore_assets.backends.sources.notes import Notes

    return Notes(settings.home / _NOTES, address=address, created_at=settings.contract().created_at)


def _generator(settings: Settings, contract: Contract, now: Callable[[], datetime]) -> LeadSource:
    from leadscore_assets.backends.local.generator_source import GeneratorSource

    source = settings.values.source
    return GeneratorSource(
        contract=contract,
        seed=source.seed,
        preset=source.preset,
        events=source.events,
        start_week=settings.values.start_week,
        today=lambda: now().date(),
    )
