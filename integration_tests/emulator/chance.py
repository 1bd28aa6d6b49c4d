"""The one door for randomness: seeded, so that a failing test fails again."""

from __future__ import annotations

import random

__all__ = ["Chance", "chance"]

Chance = random.Random


def chance(*seed: object) -> Chance:
    """A generator of its own for the given seed parts; equal parts, equal sequence, on every Python."""
    return random.Random("/".join(map(str, seed)))
