"""A contract as a type that msgspec decodes: a JSON lead is read and checked in one step, in C.

The type is stricter than the contract, never laxer: a lead that it takes breaks no rule of requests.py, and one that it
does not take goes the slow way, which scores it after all or names what is wrong.
"""

import math
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

from leadscore_assets.domain.contract import Contract, Feature
from leadscore_assets.domain.moments import iso_us
from leadscore_assets.domain.rules import FIRST_INEXACT

_TYPES_KEPT = 16
_encoder = msgspec.json.Encoder()
_EXACT = int(FIRST_INEXACT) - 1


class Lead(NamedTuple):
    """One lead that keeps the contract: its key, created_at and the features in the contract's order, its record."""

    key: str | int | None
    values: tuple[Any, ...]
    record: msgspec.Struct


class LeadReader:
    """Reads one JSON object as a lead of a contract."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._decoder = msgspec.json.Decoder(_lead_type(contract))
        moments = [at for at, feature in enumerate(contract.features, 1) if feature.kind == "timestamp"]
        self._moments = (0, *moments)
        self._fields = {feature.name: f"f{at}" for at, feature in enumerate(contract.features)}
        self._fields[contract.created_at] = "created"

    def read(self, body: bytes) -> Lead | None:
        """Return the lead, None where the slow way must look at it."""
        try:
            record = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        key, *values = msgspec.structs.astuple(record)
        for at in self._moments:
            moment = values[at]
            if moment is not None and iso_us(moment) is None:
                return None
        if type(key) is str and not key.strip():
            return None
        return Lead(key, tuple(values), record)

    def written(self, lead: Lead, *, key: str | None, masked: Iterable[str], mask: str) -> bytes:
        """Return a lead as JSON with another key and some columns masked; what is missing is left out."""
        fields = [self._fields[name] for name in masked if name in self._fields]
        shown = {name: mask for name in fields if getattr(lead.record, name) is not None}
        return _encoder.encode(msgspec.structs.replace(lead.record, key=key, **shown))


def lead_reader(contract: Contract) -> LeadReader:
    """Return the reader of a contract, the same one for equal contracts."""
    return _kept(contract.digest, contract.model_dump_json())


@lru_cache(_TYPES_KEPT)
def _kept(digest: str, document: str) -> LeadReader:  # noqa: ARG001 - the digest keeps the comparison short
    return LeadReader(Contract.model_validate_json(document))


def _lead_type(contract: Contract) -> type[msgspec.Struct]:
    moment: Any = str if contract.needs_created_at else str | None
    fields: list[Any] = [
        ("key", str | int | None, None),
        ("created", moment) if contract.needs_created_at else ("created", moment, None),
    ]
    for at, feature in enumerate(contract.features):
        kind = _type_of(feature)
        fields.append((f"f{at}", kind | None, None) if feature.missing else (f"f{at}", kind))
    names = {"key": contract.key, "created": contract.created_at}
    names |= {f"f{at}": feature.name for at, feature in enumerate(contract.features)}
    return msgspec.defstruct(
        "Lead", fields, rename=names, forbid_unknown_fields=True, omit_defaults=True, gc=False, kw_only=True
    )


def _type_of(feature: Feature) -> Any:
    if feature.kind == "timestamp":
        return str
    if feature.kind == "boolean":
        return bool
    if feature.kind == "categorical":
        return Annotated[str, msgspec.Meta(min_length=1)] if feature.open_levels else Literal[feature.levels]
    low, high = feature.minimum, feature.maximum
    if feature.kind == "integer":
        least = -_EXACT if low is None else max(math.ceil(low), -_EXACT)
        most = _EXACT if high is None else min(math.floor(high), _EXACT)
        return Annotated[int, msgspec.Meta(ge=least, le=most)]
    bounds: dict[str, Any] = {name: bound for name, bound in (("ge", low), ("le", high)) if bound is not None}
    return Annotated[float, msgspec.Meta(**bounds)] if bounds else float
