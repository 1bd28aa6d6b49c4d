"""What the streams of Conversas should bring, worked out from what the emulated conversas holds.

Messages have no ids there, so they are compared by what they say, as often as it is said.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection
from typing import Any

from harness import CONVERSAS, Emulator, Run

__all__ = [
    "DAILY",
    "LISTS",
    "RECORDS",
    "Said",
    "held",
    "ids_held",
    "ids_of",
    "missing",
    "told",
    "told_in_pages",
    "visits",
]

Said = tuple[Any, ...]
"""Contact, moment, sender and content of a message."""

DAILY = tuple(stream for stream, cursor in CONVERSAS.cursors.items() if cursor == "date")
"""The streams of figures, a record a day or more."""
LISTS = tuple(stream for stream in CONVERSAS.streams if not stream.startswith("messages") and stream not in DAILY)
"""The streams of records with ids that need neither start date nor key."""
RECORDS = (*LISTS, "messages", "messages_history")
"""All but those that take a request a day since the start date: years of them, as tests configure it."""
KEYS = {"wallets": "name", "whatsapp_official_integrations": "key", "workflows": "title"}


def ids_of(run: Run, stream: str) -> set[str]:
    """The ids of a list's records, as the emulator names them."""
    if stream == "whatsapp_integrations":
        return {record["data"] for record in run.records(stream)}
    return {record[KEYS.get(stream, "id")] for record in run.records(stream)}


def ids_held(crm: Emulator, stream: str) -> set[str]:
    """What `ids_of` has to be."""
    if stream == "whatsapp_integrations":
        return {as_text(item) for item in CONVERSAS.truth(crm, stream)}
    return CONVERSAS.ids(crm, stream)


def told(run: Run) -> Counter[Said]:
    """What the records of `messages` say, and how often."""
    return Counter(
        (record["customer_id"], record["created_at"], record["sent_by"], record["content"])
        for record in run.records("messages")
    )


def told_in_pages(run: Run) -> Counter[Said]:
    """The same of the decrypted pages of `messages_history`."""
    return Counter(
        (page["customer_id"], message["created_at"], message["sent_by"], message["content"])
        for page in run.records("messages_history")
        for message in json.loads(page["data"])
    )


def held(crm: Emulator, *, intact: bool = False, without: Collection[str] = (), since: str = "") -> Counter[Said]:
    """The same of the account's messages. `intact`: nothing was cut before the encryption."""
    return Counter(
        (row["customer_id"], row["created_at"], row["sent_by"], row["content" if intact else "cut"].replace("\0", ""))
        for row in crm.conversas_truth("messages")
        if row["customer_id"] not in without and row["created_at"] >= since
    )


def missing(run: Run, crm: Emulator, *streams: str) -> set[str]:
    """The streams of which something is missing."""
    said: dict[str, Callable[[Run], Counter[Said]]] = {"messages": told, "messages_history": told_in_pages}
    return {
        stream
        for stream in streams
        if (held(crm) - said[stream](run) if stream in said else ids_held(crm, stream) - ids_of(run, stream))
    }


def visits(crm: Emulator) -> list[dict[str, Any]]:
    """The requests for message history."""
    return [request for request in crm.requests() if request["path"] == CONVERSAS.path("messages")]


def as_text(value: Any) -> str:
    """Compact JSON in UTF-8, keys as received (conversas.md#small-lists)."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
