"""The [source] and [allowed] sections of a home's settings: where leads come from, and what else may be read."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from leadscore_assets.domain.contract import Frozen
from leadscore_assets.domain.events import Event

_PASSWORD = re.compile(r"://[^/?#@]*:[^?#]*@|[?&](password|passwd|pwd|sslpassword)=", re.IGNORECASE)


def _without_password(url: str) -> str:
    if _PASSWORD.search(url):
        raise ValueError("a password stands in the URL; leave it out and give it by PGPASSWORD or a .pgpass file")
    return url


PlainUrl = Annotated[str, AfterValidator(_without_password)]
SourceKind = Literal["files", "s3", "delta", "sql", "generator"]
_SOURCE_KEYS: dict[SourceKind, tuple[str, ...]] = {
    "files": ("path", "format"),
    "s3": ("uri", "format", "region"),
    "delta": ("path", "uri", "region", "version", "as_of"),
    "sql": ("url", "query", "query_file", "batch_rows"),
    "generator": ("seed", "preset", "events"),
}
# What a kind needs: exactly one of each group.
_NEEDED: dict[SourceKind, tuple[tuple[str, ...], ...]] = {
    "files": (("path",),),
    "s3": (("uri",),),
    "delta": (("path", "uri"),),
    "sql": (("url",), ("query", "query_file")),
    "generator": (),
}


class SourceSettings(Frozen):
    """Where leads come from, by kind.

    files: `path` of a file, a folder or a pattern. s3: `uri` of an object or a prefix. delta: `path` or `uri` of a
    table, read as it is now, at a `version`, or as it stood at `as_of`. sql: `url` and one SELECT, as `query` or in
    `query_file`. generator: leads from a `seed`. `region` is for S3 without an [aws] section.
    """

    kind: SourceKind = "generator"
    path: str | None = Field(default=None, min_length=1)
    uri: str | None = Field(default=None, pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#*]*)?$")
    region: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    format: Literal["auto", "parquet", "csv"] = "auto"
    version: int | None = Field(default=None, ge=0)
    as_of: datetime | None = None
    url: PlainUrl | None = None
    query: str | None = None
    query_file: str | None = None
    batch_rows: int = Field(default=10_000, ge=1, le=1_000_000)
    seed: int = 42
    preset: Literal["b2b", "small"] = "b2b"
    events: tuple[Event, ...] = ()

    @field_validator("as_of")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        foreign = sorted(self.model_fields_set - {"kind", *_SOURCE_KEYS[self.kind]})
        if foreign:
            kinds = [kind for kind, keys in _SOURCE_KEYS.items() if foreign[0] in keys]
            raise ValueError(
                f"{', '.join(foreign)} does not belong to kind {self.kind!r}, whose keys are "
                f"{', '.join(_SOURCE_KEYS[self.kind])}; remove it, or set kind to {' or '.join(map(repr, kinds))}"
            )
        for group in _NEEDED[self.kind]:
            given = [name for name in group if getattr(self, name) is not None]
            if len(given) != 1:
                raise ValueError(f"kind {self.kind!r} needs {' or '.join(group)}" + (", not both" if given else ""))
        if self.version is not None and self.as_of is not None:
            raise ValueError("version and as_of both name a version of the table; keep one of them")
        return self


class AllowedSettings(Frozen):
    """What may be read besides the source's own place: folders and S3 buckets.

    Without `roots` a person may name any file of this machine on the command line; with them, files below them alone. A
    source never follows a link out of its own place and these.
    """

    roots: tuple[str, ...] | None = None
    buckets: tuple[str, ...] = ()
