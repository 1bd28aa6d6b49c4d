"""Matches in bulk: which records carry the matching keys of many rows, a hundred and more keys a request.

How `:` compares texts is unknown (exact, without case, or contained) [guess], so every answer is compared again, and
what is not found is sought once more by `:~`, which means "contains, whatever the case" where it is documented. A key
that is in the CRM under another spelling is therefore not created twice.

A number of a document is asked for with and without its punctuation, a phone by the end that all its spellings share.
What is not found so is sought among all records where these are few: no filter finds each spelling there may be.

Where RD Station refuses or ignores a kind of filter, the next one serves: a list of keys, one key a request, one pass
over the whole object, indexed in memory. A key that is refused while others are served is that row's fault alone.
Facts: docs/api/crm-v2.md#rdql and #writes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Final, TypeAlias, cast
from urllib.parse import quote

from airbyte_rdstation.client.errors import NotFoundError, RequestRefusedError
from airbyte_rdstation.pagination.listing import PaginationError
from destination_rdstation_crm.mapping.plan import StreamPlan
from destination_rdstation_crm.mapping.record_type import Key
from destination_rdstation_crm.writing.crm_api import Crm, Existing, FilterFailedError, WorkerPool
from destination_rdstation_crm.writing.filters import (
    BY_ID,
    LONGEST_FILTER,
    FilterKind,
    KnownFilters,
    WholeIndex,
    lookup_filter,
    portions,
    single_filters,
)
from destination_rdstation_crm.writing.keyed_records import KeyedRecords

__all__ = ["Hits", "Lookup", "NoAnswer"]

_MANY: Final = 1_000  # records; more: some keys are short words, which many records contain
_TOO_MANY: Final = "too many records contain its matching key to tell whether one has it"
_TOO_LONG: Final = "the matching key is too long to be looked up"
_REFUSED: Final = "RD Station refuses to look its matching key up"


@dataclass(frozen=True)
class NoAnswer:
    """It cannot be told which records have a key."""

    reason: str
    """As a reject states it."""


Hits: TypeAlias = "list[Existing] | NoAnswer"


class Lookup:
    """Finds the records of one stream's object."""

    def __init__(self, crm: Crm, plan: StreamPlan, key_field: str | None, pool: WorkerPool | None = None) -> None:
        """Look up by `key_field`. A job of the pool passes no `pool`: it must not wait for other jobs."""
        self._crm = crm
        self._plan = plan
        self._object = plan.record_type.crm_object
        self._records = KeyedRecords(crm, plan, key_field)
        self._known = crm.known_filters(self._object, key_field, self._records.form)
        self._map: Callable[..., list[Any]] = pool.map if pool else lambda job, items: list(map(job, items))

    def find(self, keys: Sequence[Key], since: datetime | None = None) -> list[Hits]:
        """Find the records that have each key; several where it is not unique in the CRM.

        NoAnswer where that cannot be told. With `since`, only records created then or later, which have the very
        spelling of the row. What is not found is sought once more as the rows spell it.
        """
        search = _Search(self._records, self._known, self._map, since)
        wanted = {tuple(key.folded): key for key in keys if key.folded}
        search.equal(list(wanted.values()))
        if not since and (missing := [key for key in wanted.values() if search.hits(key) == []]):
            search.otherwise_spelled(missing)
            search.equal([Key((key.spelled,)) for key in keys if key.spelled and search.hits(key) == []])
        return [search.hits(key) for key in keys]

    def record(self, id_: str) -> Hits:
        """Find the record with this id, if there is one."""
        try:
            return [self._crm.read(self._object, id_)]
        except NotFoundError:
            return []
        except RequestRefusedError:
            return NoAnswer(_REFUSED)

    def by_id(self, ids: Sequence[str]) -> dict[str, Existing]:
        """Find the records with these ids, as far as the list can be asked for them."""
        wanted = list(dict.fromkeys(ids))
        for kind, filter_of in BY_ID.items():
            if not self._known.is_ruled_out(kind):
                try:
                    answers = self._map(partial(self._with_ids, filter_of), list(portions(wanted, filter_of)))
                except FilterFailedError as error:
                    self._known.rule_out(kind, str(error))
                except PaginationError:
                    break
                else:
                    return {record["id"]: record for records in answers for record in records}
        return {}

    def _with_ids(self, filter_of: Callable[[Sequence[str]], str], ids: Sequence[str]) -> list[Existing]:
        wanted = set(ids)
        pages = self._crm.find(self._object, filter_of(ids), lambda row: row["id"] in wanted)
        return [row for page in pages for row in page.rows]


@dataclass
class _Search:
    """One look-up of many keys, one kind of filter after the other, and what it has found."""

    records: KeyedRecords
    known: KnownFilters
    map: Callable[..., list[Any]]
    since: datetime | None
    by_value: dict[str, dict[str, Existing]] = field(default_factory=dict, init=False)
    no_answer: dict[tuple[str, ...], NoAnswer] = field(default_factory=dict, init=False)

    def equal(self, keys: Sequence[Key]) -> None:
        """Find the records that have the keys."""
        countless = self.records.form.countless
        kind: FilterKind = "parts" if countless else "list"
        for key in keys:
            if len(quote(lookup_filter(kind, self.records.key_field, [key], self.since))) > LONGEST_FILTER:
                self.no_answer[tuple(key.folded)] = NoAnswer(_TOO_LONG)
        keys = [key for key in keys if tuple(key.folded) not in self.no_answer]
        if countless:
            if (whole := self._index_if_few()) is not None:
                self._in_index(whole, keys)
            elif unanswered := self._by_list(kind, keys):
                self._in_all(unanswered)
        elif unanswered := self._by_list(kind, keys):
            self._singly(unanswered)

    def otherwise_spelled(self, keys: Sequence[Key]) -> None:
        """Find those that spell a key in another way than was asked for. Where none serves, they stay missing."""
        if self.known.is_ruled_out("parts") or (self.known.is_ruled_out("list") and self.known.is_ruled_out("single")):
            return  # they were sought in the index, which heeds no spelling
        whole = None if self.records.form.exact else self._index_if_few()
        if self.records.form.countless:
            if whole is None and not self.known.shows_that_it_finds_parts(self.records.finds_by_part):
                self.known.rule_out("parts", "finds nobody by")
                self._in_all(keys)
        elif whole is not None:
            self._in_index(whole, keys)
        else:
            self._within_texts(keys)

    def _within_texts(self, keys: Sequence[Key]) -> None:
        """Find those that have the key within theirs; without that, those that a list cut to its first text missed."""
        self._by_list("contains", keys)
        if self.known.is_ruled_out("contains") and not self.known.shows_that_it_heeds_all_keys(
            self.records.finds_by_second_key
        ):
            self.known.rule_out("list", "seems to heed only the first of")
            self._singly([key for key in keys if self.hits(key) == []])

    def hits(self, key: Key) -> Hits:
        """Give the records that share a value with the key, each once."""
        if no_answer := self.no_answer.get(tuple(key.folded)):
            return no_answer
        found = (self.by_value.get(value, {}) for value in key.folded)
        return list({id_: record for records in found for id_, record in records.items()}.values())

    def _add(self, records: Iterable[Existing]) -> None:
        for record in records:
            for value in self.records.identity(record).folded:
                self.by_value.setdefault(value, {})[record["id"]] = record

    def _by_list(self, kind: FilterKind, keys: Sequence[Key]) -> list[Key]:
        """Ask for many in one request; gives back those that this kind of filter gives no answer for."""
        if self.known.is_ruled_out(kind):
            return list(keys)
        filter_of = partial(lookup_filter, kind, self.records.key_field, since=self.since)
        unanswered = self.map(partial(self._ask, kind), list(portions(keys, filter_of)))
        return list(chain.from_iterable(unanswered))

    def _ask(self, kind: FilterKind, keys: Sequence[Key]) -> list[Key]:
        """Ask what the filter for these keys finds, in halves where that is much or refused, down to a key alone."""
        try:
            pages = self.records.found(lookup_filter(kind, self.records.key_field, keys, self.since), keys)
            first = next(pages)
            if len(keys) == 1 or (first.last or 0) * len(first.rows) <= _MANY:
                rows = [*first.rows, *(row for page in pages for row in page.rows)]
                self._add(rows)
                if len(keys) > 1:
                    self.known.served(kind)
                self.known.finds_parts |= kind == "parts" and bool(rows)
                if kind == "list" and not self.known.heeds_all_keys:
                    others = {value for key in keys[1:] for value in key.folded}
                    self.known.heeds_all_keys = any(
                        not others.isdisjoint(self.records.identity(row).folded) for row in rows
                    )
                return []
        except PaginationError:
            if len(keys) == 1 and kind == "parts":
                return list(keys)
            if len(keys) == 1:
                self.no_answer[tuple(keys[0].folded)] = NoAnswer(_TOO_MANY)
                return []
        except FilterFailedError as error:
            if error.ignored or not self.known.serves(kind, lambda: self.records.takes(kind)):
                self.known.rule_out(kind, str(error))
            if self.known.is_ruled_out(kind) or len(keys) == 1:
                return list(keys)
        half = len(keys) // 2
        return self._ask(kind, keys[:half]) + self._ask(kind, keys[half:])

    def _singly(self, keys: Sequence[Key]) -> None:
        """Look for what no list of keys answers: one key a request, or where that does not serve, among all records."""
        if keys and not self.known.serves("single", lambda: self.records.takes("single")):
            self.known.rule_out("single", "refuses or ignores look-ups by")
        if keys and not self.known.is_ruled_out("single"):
            keys = list(chain.from_iterable(self.map(self._ask_for_one, list(keys))))
        if keys:
            self._in_all(keys)

    def _ask_for_one(self, key: Key) -> list[Key]:
        """Ask once for each spelling of the key; gives it back if RD Station takes no such request."""
        try:
            for filter_ in single_filters(self.records.key_field, key, self.since):
                pages = self.records.found(filter_, [key])
                self._add([row for page in pages for row in page.rows])
        except PaginationError:
            self.no_answer[tuple(key.folded)] = NoAnswer(_TOO_MANY)
        except FilterFailedError as error:
            if error.ignored:
                self.known.rule_out("single", str(error))
                return [key]
            self.no_answer[tuple(key.folded)] = NoAnswer(_REFUSED)
        return []

    def _in_all(self, keys: Sequence[Key]) -> None:
        """Look among all records, read once a sync; or among those created since."""
        if self.since:
            self._add(self.records.read(created_since=self.since))
            return
        (whole,) = self.map(self.known.index, [self.records.make_index])
        self._in_index(whole, keys)

    def _index_if_few(self) -> WholeIndex | None:
        """Give the index where the records are few; a job of the pool reads them: who waits for it hears of a stop."""
        (whole,) = self.map(self.known.index_if_few, [self.records.make_index_if_few])
        return cast("WholeIndex | None", whole)

    def _in_index(self, whole: WholeIndex, keys: Sequence[Key]) -> None:
        self.map(self._add, [self.records.recent(whole.begun)])
        self.map(lambda key: self._add(chain.from_iterable(map(self.records.current, whole.with_key(key)))), keys)
