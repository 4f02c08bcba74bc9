"""A strict check of every request against botocore's service model, and against AWS's documented cross-field rules.

botocore itself checks names, required members, types and minimum values; this adds maximum values, enumerations and
patterns. Rules between fields stand in RULES; a test holds a failing example of each.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

import boto3
import botocore.session
from botocore.loaders import Loader
from botocore.model import OperationModel, Shape

Rule = Callable[[dict[str, Any]], str | None]
RULES: dict[str, list[Rule]] = {}


class Inadmissible(AssertionError):
    """A request that AWS's own model forbids."""


def rule(*operations: str) -> Callable[[Rule], Rule]:
    """Add a cross-field rule to operations, named as in the API (CreateEndpointConfig)."""

    def added(check: Rule) -> Rule:
        for operation in operations:
            RULES.setdefault(operation, []).append(check)
        return check

    return added


def strict_session(region: str = "us-east-1") -> boto3.Session:
    """Return a session whose every request is checked before it is sent."""
    inner = botocore.session.Session()
    inner.register_component("data_loader", _models())
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing-secret"}
    session = boto3.Session(**keys, region_name=region, botocore_session=inner)
    session.events.register("provide-client-params.*.*", _check)
    return session


@lru_cache(maxsize=1)
def _models() -> Loader:
    """Return AWS's models, read once a process: they are most of what a new session costs."""
    loader: Loader = botocore.session.Session().get_component("data_loader")
    return loader


def _check(params: dict[str, Any], model: OperationModel, **_: Any) -> None:
    found = problems(model, params)
    if found:
        raise Inadmissible(f"{model.name}: " + "; ".join(found))


def problems(model: OperationModel, params: dict[str, Any]) -> list[str]:
    """Return what AWS would refuse of a request, one sentence each."""
    shape = model.input_shape
    plain = list(_problems(shape, params, "")) if shape else []
    return plain + [told for check in RULES.get(model.name, ()) if (told := check(params))]


def _problems(shape: Shape, value: Any, place: str) -> Iterator[str]:
    kinds = {"structure": _structure, "list": _list, "map": _map, "string": _string, "blob": _blob}
    if shape.type_name in ("integer", "long", "float", "double"):
        yield from _size(shape, value, place)
    elif shape.type_name in kinds:
        yield from kinds[shape.type_name](shape, value, place)


def _list(shape: Any, value: Any, place: str) -> Iterator[str]:
    yield from _size(shape, len(value), place)
    for index, item in enumerate(value):
        yield from _problems(shape.member, item, f"{place}[{index}]")


def _map(shape: Any, value: Any, place: str) -> Iterator[str]:
    yield from _size(shape, len(value), place)
    for key, item in value.items():
        yield from _problems(shape.key, key, f"{place} key {key}")
        yield from _problems(shape.value, item, f"{place}.{key}")


def _blob(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not hasattr(value, "read"):
        yield from _size(shape, len(value), place)


def _structure(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{place} is no structure"
        return
    for name in shape.required_members:
        if name not in value:
            yield f"{place}.{name} is missing"
    for name, item in value.items():
        if name not in shape.members:
            yield f"{place}.{name} is not known"
        elif item is not None:
            yield from _problems(shape.members[name], item, f"{place}.{name}")


def _string(shape: Any, value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, str):
        yield f"{place} = {value!r} is no string"
        return
    yield from _size(shape, len(value), place)
    if shape.enum and value not in shape.enum:
        yield f"{place} = {value!r} is not one of {', '.join(shape.enum[:8])}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"{place} = {value!r} does not match {pattern}"


def _matches(pattern: str, value: str) -> bool:
    if r"\p{" in pattern:
        # Python's expressions know no Unicode classes.
        return True
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        # Nor ranges of surrogates.
        return True


def _size(shape: Any, size: float, place: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield f"{place}: {size} is less than {least}"
    if most is not None and size > most:
        yield f"{place}: {size} is more than {most}"
