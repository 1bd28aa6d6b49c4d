"""The one door for randomness: seeded, so that a failing test fails again."""

from __future__ import annotations

import random
from hashlib import blake2b

__all__ = ["Rng", "invented_id", "rng", "share"]

Rng = random.Random


def rng(*seed: object) -> Rng:
    """A generator of its own for the given seed parts; equal parts, equal sequence, on every Python."""
    return random.Random("/".join(map(str, seed)))


def share(id_: str, what: str) -> float:
    """A number in [0, 1) that hangs on both texts alone; far cheaper than a generator for one draw."""
    return int.from_bytes(blake2b(f"{id_}/{what}".encode(), digest_size=4).digest(), "big") / 2**32


def invented_id(id_: str, what: str) -> str:
    """24 hex characters that hang on both texts alone: the id of a part of a record."""
    return blake2b(f"{id_}/{what}".encode(), digest_size=12).hexdigest()
