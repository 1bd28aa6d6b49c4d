"""When rows were created and changed: a growing account with one import day and one bulk edit, never even."""

from __future__ import annotations

from ..clock import parse_instant
from ..rng import Rng

__all__ = ["DAY", "horizon", "object_id", "timeline"]

DAY = 86_400_000
GENERATED_UNTIL = parse_instant("2026-09-01T00:00:00Z")
TWO_YEARS = 730 * DAY
IMPORT_BEFORE = 300 * DAY
IMPORT_SECONDS = 600
BULK_EDIT_BEFORE = 40 * DAY
BULK_EDIT_SECONDS = 300


def horizon(now: int, *, recent: bool = False) -> int:
    """Return the end of generated time: fixed, so that equal seeds give equal accounts; earlier if the clock is behind.

    `recent` lets it end as yesterday begins (UTC) whatever day that is, for an account that looks as if it is in use.
    """
    yesterday = now - now % DAY - DAY
    return yesterday if recent else min(GENERATED_UNTIL, yesterday)


def timeline(count: int, dice: Rng, until: int) -> list[tuple[int, int]]:
    """(created, updated) of `count` rows, oldest first: ids and numbers then grow with time, as in a real account."""
    roll = dice.random
    moments = []
    for _ in range(count):
        kind = roll()
        if kind < 0.12:  # an import: whole seconds, many rows in each
            created = until - IMPORT_BEFORE + int(roll() * IMPORT_SECONDS) * 1000
        else:  # more rows lately than long ago
            created = until - DAY - int((TWO_YEARS - DAY) * roll() ** 1.7)
        kind = roll()
        if kind < 0.35:
            updated = created
        elif kind < 0.40:
            updated = max(created, until - BULK_EDIT_BEFORE + int(roll() * BULK_EDIT_SECONDS) * 1000)
        else:
            updated = created + int((until - created) * roll() ** 2)
        moments.append((created, updated))
    moments.sort()
    return moments


def object_id(created: int, kind: int, seed: int, index: int) -> str:
    """24 hex characters that begin with the second of creation, as a Mongo ObjectId does [seen: ids are such]."""
    return f"{created // 1000 & 0xFFFFFFFF:08x}{kind:02x}{seed & 0xFFFF:04x}{index:010x}"
