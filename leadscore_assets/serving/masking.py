"""What may be kept of a lead: its key as a keyed hash, personal columns not at all, the rest as it came."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from leadscore_assets.serving.answers import Answer, Prediction
from leadscore_assets.serving.lead_type import Lead, LeadReader

MASK = "masked"
_KEYS_KEPT = 256
_RULES_KEPT = 64
_encoder = msgspec.json.Encoder()


def masked_key(key: object, secret: bytes) -> str:
    """Return what stands for a lead's key (32 hex): the same for the same key, and nobody's without the secret."""
    return _hashed(str(key), secret)


@lru_cache(_KEYS_KEPT)
def _hashed(key: str, secret: bytes) -> str:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), key=secret[:64], digest_size=16).hexdigest()


def masked_leads(
    leads: Sequence[Mapping[str, Any]] | Lead, reader: LeadReader, *, hidden: Iterable[str], secret: bytes
) -> str:
    """Return leads as JSON (one as an object, several as a list), personal columns and `hidden` ones masked."""
    contract, unseen = reader.contract, _unseen(reader, tuple(hidden))
    if isinstance(leads, Lead):
        key = None if leads.key is None else masked_key(leads.key, secret)
        return reader.written(leads, key=key, masked=unseen, mask=MASK).decode()
    shown = []
    for record in leads:
        copy = {name: MASK if name in unseen and value is not None else value for name, value in record.items()}
        if copy.get(contract.key) is not None:
            copy[contract.key] = masked_key(copy[contract.key], secret)
        shown.append(copy)
    return _encoder.encode(shown[0] if len(shown) == 1 else shown).decode()


@lru_cache(_RULES_KEPT)
def _unseen(reader: LeadReader, hidden: tuple[str, ...]) -> frozenset[str]:
    return frozenset(reader.contract.personal.union(hidden) - {reader.contract.key})


def masked_answer(answer: Answer, *, secret: bytes) -> str:
    """Return an answer as JSON, its leads' keys hashed."""
    predictions = [
        item
        if item.lead_id is msgspec.UNSET
        else Prediction(
            *(item.score, item.score_rounded, item.band, item.conversion_probability),
            lead_id=masked_key(item.lead_id, secret),
        )
        for item in answer.predictions
    ]
    return _encoder.encode(Answer(answer.model_version, answer.model_digest, predictions)).decode()
