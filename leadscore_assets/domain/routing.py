"""Which variant answers a lead: by a salted hash of its key alone, so that every process gives the same answer.

Weighted rendezvous hashing (Schindelhauer and Schomaker 2005): each variant draws an exponential of its weight from
the key, and the earliest wins. Raising one weight makes only that variant earlier, so that leads move to it and no
other lead moves; scaling all weights changes nothing. Another salt deals all leads anew.
"""

import hashlib
import math
from collections.abc import Sequence

_STEPS = 2.0**53


def routed(key: str, weights: Sequence[tuple[str, float]], *, salt: str) -> str:
    """Return the name of the variant that answers a key; of variants (name, weight) at least one weighs above 0."""
    heavy = [(name, weight) for name, weight in weights if weight > 0]
    if len(heavy) == 1:
        return heavy[0][0]
    return min(heavy, key=lambda item: (_arrival(key, item[0], salt) / item[1], item[0]))[0]


def shares(weights: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return each variant's share of leads, 0 to 1."""
    total = sum(weight for _, weight in weights)
    return {name: weight / total for name, weight in weights}


def _arrival(key: str, name: str, salt: str) -> float:
    """Draw an exponential (rate 1) from a key, above 0."""
    seed = b"\x00".join(part.encode("utf-8", "surrogatepass") for part in (salt, name, key))
    bits = int.from_bytes(hashlib.blake2b(seed, digest_size=8).digest(), "big") >> 11
    return -math.log((bits + 0.5) / _STEPS)
