"""Filters that find records by matching keys or ids: their texts, how many fit a request, and which of them work.

How `:` compares texts is unknown (docs/api/crm-v2.md#writes): a filter only proposes, folded texts decide. No document
promises each kind of filter on each property (docs/api/crm-v2.md#unknowns): one may be refused, or ignored, which
brings every row. A kind of filter that turns out so is ruled out for the rest of the sync.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Final, Literal, TypeAlias, TypeVar
from urllib.parse import quote

import orjson

from airbyte_rdstation.client import rdql
from destination_rdstation_crm.mapping.record_type import Key

__all__ = [
    "BY_ID",
    "FEW_RECORDS",
    "LONGEST_FILTER",
    "FilterKind",
    "KnownFilters",
    "WholeIndex",
    "lookup_filter",
    "portions",
    "single_filters",
]

LONGEST_FILTER: Final = 6_000  # characters in the URL; servers take 8 KB for the whole request line
FEW_RECORDS: Final = 20_000
"""So many are read whole, in 100 requests, rather than create a record twice whose key is spelled in an unusual way."""
_MOST_KEYS: Final = 150  # a page has 200 rows: most answers are one page, though a key may have several hits

FilterKind: TypeAlias = Literal["list", "single", "contains", "parts", "whole", "ids", "bare ids"]
T = TypeVar("T")

BY_ID: Final[Mapping[FilterKind, Callable[[Sequence[str]], str]]] = {
    "ids": lambda ids: f"id:({','.join(map(rdql.quote, ids))})",  # [guess]
    "bare ids": lambda ids: f"id:({','.join(ids)})",  # [used]
}
_INSTEAD: Final[dict[FilterKind, str]] = {
    "list": "several values of {key} in one request: from here on each takes a request of its own",
    "single": "{key}: all records are read once instead, and searched in memory",
    "contains": "parts of {key}: a value that the CRM spells with other capitals may not be found",
    "parts": "the last digits of {key}: all records are read once instead, and searched in memory",
    "whole": "are not all read to find unusual spellings of {key}",
    "ids": "several quoted ids in one request",
    "bare ids": "several ids in one request: from here on each takes a request of its own",
}

_logger = logging.getLogger("airbyte.rdstation")


def lookup_filter(kind: FilterKind, key_field: str, keys: Iterable[Key], since: datetime | None = None) -> str:
    """Find records with any of these keys, at least one: with `since`, only those created then or later.

    A key is asked for in each spelling that its form knows; by the kinds "contains" and "parts", by what each of them
    contains, whatever the case [doc]: short keys bring long answers.
    """
    if kind in ("contains", "parts"):
        groups = dict.fromkeys(group for key in keys for group in key.parts)
        found = [rdql.all_of(*(rdql.contains(key_field, each) for each in group)) for group in groups]
        either = (f"({each})" if len(group) > 1 else each for group, each in zip(groups, found, strict=True))
        condition = rdql.any_of(*either)
    else:
        condition = rdql.one_of(key_field, dict.fromkeys(each for key in keys for each in key.spellings))
    return rdql.all_of(condition, rdql.at_least("created_at", since) if since else "")


def single_filters(key_field: str, key: Key, since: datetime | None) -> list[str]:
    """Find the same of one key, by a filter for each spelling of it."""
    created = rdql.at_least("created_at", since) if since else ""
    return [rdql.all_of(rdql.one_of(key_field, [each]), created) for each in key.spellings]


def portions(items: Iterable[T], filter_of: Callable[[list[T]], str]) -> Iterator[list[T]]:
    """Cut the items into portions, each of which makes a filter of bounded length."""
    portion: list[T] = []
    length = 0
    for item in items:
        own = len(quote(filter_of([item])))
        if portion and (len(portion) == _MOST_KEYS or length + own > LONGEST_FILTER):
            yield portion
            portion, length = [], 0
        portion.append(item)
        length += own
    if portion:
        yield portion


class WholeIndex:
    """Every record of an object, whole, as JSON text: a fraction of the memory that its objects would take."""

    def __init__(
        self, records: Iterable[dict[str, Any]], identity: Callable[[dict[str, Any]], Key], begun: datetime
    ) -> None:
        self.begun = begun
        """RD Station's time before the first of them was read."""
        self._records: dict[str, bytes] = {}
        self._ids: dict[str, list[str]] = {}
        for record in records:
            self._records[record["id"]] = orjson.dumps(record)
            for value in identity(record).folded:
                self._ids.setdefault(value, []).append(record["id"])

    def __len__(self) -> int:
        return len(self._records)

    @property
    def has_keys(self) -> bool:
        """Whether any of them has a key."""
        return bool(self._ids)

    def with_key(self, key: Key) -> list[dict[str, Any]]:
        """Give the records that share a value with the key."""
        return [orjson.loads(self._records[id_]) for value in key.folded for id_ in self._ids.get(value, ())]


class KnownFilters:
    """What a sync has learnt of look-ups in one object by one key, and the index for where no filter serves.

    Safe to share among threads.
    """

    def __init__(self, crm_object: str, key_field: str | None) -> None:
        self._named = crm_object, key_field or "_id"
        self._lock = Lock()
        self._serves: dict[FilterKind, bool] = {}
        self._logged: set[FilterKind] = set()
        self._index: WholeIndex | None = None
        self.heeds_all_keys = False
        """An answer to a list of keys held a record of another key than the first: the list is not cut to that one."""
        self.finds_parts = False
        """An answer held a record that has more than the part of the key that was asked for."""
        self._was_shown = False

    def is_ruled_out(self, kind: FilterKind) -> bool:
        """Whether the kind is known to be of no use."""
        return self._serves.get(kind) is False

    def serves(self, kind: FilterKind, control: Callable[[], bool]) -> bool:
        """Whether the kind is of use; the first who asks finds out by `control`, the others wait for that."""
        with self._lock:
            if kind not in self._serves:
                self._serves[kind] = control()
            return self._serves[kind]

    def served(self, kind: FilterKind) -> None:
        """Note an answer that obeyed a filter of the kind."""
        self._serves.setdefault(kind, True)

    def rule_out(self, kind: FilterKind, why: str) -> None:
        """Do without the kind from here on, and log so once: `why` reads on from "RD Station …"."""
        with self._lock:
            logged = kind in self._logged
            self._serves[kind] = False
            self._logged.add(kind)
        if not logged:
            crm_object, key = self._named
            _logger.info("Look-up of %s: RD Station %s %s.", crm_object, why, _INSTEAD[kind].format(key=key))

    def shows_that_it_heeds_all_keys(self, show: Callable[[], bool]) -> bool:
        """Whether a list of keys is not cut to the first; the first who asks finds out by `show` if no answer did."""
        with self._lock:
            if not (self.heeds_all_keys or self._was_shown):
                self.heeds_all_keys = show()
                self._was_shown = True
            return self.heeds_all_keys

    def shows_that_it_finds_parts(self, show: Callable[[], bool]) -> bool:
        """Whether `:~` finds records by a part of their key; the first who asks finds out by `show`."""
        with self._lock:
            self.finds_parts = self.finds_parts or show()
            return self.finds_parts

    def index(self, make: Callable[[], WholeIndex]) -> WholeIndex:
        """Give the index of the whole object, made for the first who asks."""
        with self._lock:
            if self._index is None:
                self._index = make()
            return self._index

    def index_if_few(self, make: Callable[[], WholeIndex | None]) -> WholeIndex | None:
        """Give the index of the whole object if there is one, or if `make` makes one, which the first asks for."""
        with self._lock:
            if self._index is None and not self.is_ruled_out("whole"):
                self._index = make()
            index = self._index
        if index is None:
            self.rule_out("whole", f"holds more than {FEW_RECORDS:,} records, which")
        return index
