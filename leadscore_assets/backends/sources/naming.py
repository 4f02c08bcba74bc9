"""What a person writes to say where leads are, as the keys of [source]: a path, a URI, or a database with its query."""

from pathlib import Path
from typing import Any

from leadscore_assets.domain.errors import InvalidInput

_FORMS = "a path, s3://bucket/prefix/, delta:///folder, delta+s3://bucket/table, or a database's URL with a query"
_NO_DATABASES = frozenset({"abfs", "abfss", "az", "ftp", "ftps", "gcs", "gs", "hdfs", "http", "https", "r2", "wasb"})


def named_source(data: str, *, query: str | None = None, region: str | None = None) -> dict[str, Any]:
    """Return the keys of [source] for what a person wrote; raise InvalidInput where it names no source.

    `query` is a SELECT, or the path of a file that holds one. A folder that is a Delta table is read as one.
    """
    scheme, split, rest = data.partition("://")
    if not split or scheme == "file":
        return _on_disk(rest if split else data, query)
    if scheme.lower() in _NO_DATABASES or "::" in scheme:
        raise InvalidInput(f"{scheme}:// is not read; name {_FORMS}")
    if scheme in ("s3", "delta", "delta+s3"):
        _no_query(data, query)
        return _table(rest) if scheme == "delta" else _in_s3(scheme, rest, region)
    if query is None:
        raise InvalidInput(
            f"a database needs a query beside {scheme}://, which 'leadscore init' takes with --query; other commands "
            "read files, S3 and Delta tables"
        )
    return {"kind": "sql", "url": data, **_query(query)}


def _on_disk(path: str, query: str | None) -> dict[str, Any]:
    _no_query(path, query)
    place = Path(path).expanduser().absolute()
    if any((place / "_delta_log").glob("*.json")):
        return {"kind": "delta", "path": str(place)}
    return {"kind": "files", "path": str(place)}


def _table(rest: str) -> dict[str, Any]:
    if not rest.startswith("/"):
        raise InvalidInput(f"delta://{rest} names no folder; write delta:///folder, or delta+s3://bucket/table")
    return {"kind": "delta", "path": rest}


def _in_s3(scheme: str, rest: str, region: str | None) -> dict[str, Any]:
    found = {"kind": "s3" if scheme == "s3" else "delta", "uri": f"s3://{rest}"}
    return found | ({"region": region} if region else {})


def _query(text: str) -> dict[str, Any]:
    if text.lower().endswith(".sql") and " " not in text.strip():
        return {"query_file": str(Path(text).expanduser().absolute())}
    return {"query": text}


def _no_query(data: str, query: str | None) -> None:
    if query is not None:
        raise InvalidInput(f"--query belongs to a database's URL, and {data} is none; leave it out")
