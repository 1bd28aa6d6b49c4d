"""A list of contacts as bytes, made before anybody asks: a page costs the server next to nothing."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import orjson

from emulator.crm_v2.render import record
from emulator.crm_v2.resources import BY_NAME
from emulator.data.account import Account, AccountSize
from emulator.data.times import horizon
from emulator.settings import Settings

__all__ = ["Contacts"]

FIRST = datetime(2024, 1, 1, tzinfo=timezone.utc)
STEP = timedelta(seconds=30)  # between two contacts: a million of them fill a year
DIFFERENT = 2_000  # beyond them only ids and times differ


class Contacts:
    """`count` contacts in the order of their creation, one every `STEP`."""

    def __init__(self, count: int) -> None:
        self._heads = [_head(number) for number in range(count)]
        self._tails = _tails()

    def __len__(self) -> int:
        return len(self._heads)

    def number_at(self, moment: datetime) -> int:
        """How many contacts were created before a moment."""
        return min(len(self), max(0, -(-(moment - FIRST) // STEP)))

    def as_json(self, numbers: range) -> bytes:
        """These contacts, separated by commas."""
        heads, tails = self._heads, self._tails
        return b",".join([heads[number] + tails[number % DIFFERENT] for number in numbers])


def _head(number: int) -> bytes:
    created = (FIRST + number * STEP).isoformat()[: len("2024-01-01T00:00:00")]
    return f'{{"id":"{number:024x}","created_at":"{created}.000Z","updated_at":"{created}.000Z",'.encode()


def _tails() -> list[bytes]:
    """What else is known of a contact, as the emulator invents it."""
    account = Account(AccountSize(contacts=DIFFERENT), seed=1, until=horizon(int(FIRST.timestamp() * 1000)))
    tails = []
    for row in account.lists["contacts"].rows.values():
        known = record(account, BY_NAME["contacts"], row, Settings())
        rest = {name: value for name, value in known.items() if name not in ("id", "created_at", "updated_at")}
        tails.append(orjson.dumps(rest)[1:])
    return tails
