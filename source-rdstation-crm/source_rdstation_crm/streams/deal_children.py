"""Children of deals: the deals, listed once for all streams that visit them; and over API v2 what lies below each.

The children carry no `deal_id` and no date that an incremental read could use, so the deals are listed (by keyset,
from the state on) and each changed deal is visited, a partition a deal. Facts: docs/api/crm-v2.md#deal-notes,
#deal-products, #deal-files and unknown 22.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any, Final

from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.keyset import read_created_since, read_keyset, read_keyset_whole
from airbyte_rdstation.pagination.listing import Batch, Fetch, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import sweep
from source_rdstation_crm.streams.substream import DealCursor, DealPartitions

__all__ = ["ALL_DEALS", "DealChildrenCursor", "DealChildrenPartitions", "ListedDeals", "SharedDeals", "with_deal"]

ALL_DEALS: Final = ""

_BEGINNING: Final = datetime.min.replace(tzinfo=timezone.utc)
_END_OF_TIME: Final = datetime.max.replace(tzinfo=timezone.utc)

_logger = logging.getLogger("airbyte.rdstation")


@dataclass(frozen=True)
class ListedDeals:
    """What a list of deals held when it was read: some 200 bytes a deal."""

    deals: Sequence[tuple[str, str]]
    """(`updated_at`, id) of each, the longest unchanged first; those without a date, as ("", id), before all."""
    rows: int
    """How many rows were listed, with those that are not due."""
    total: int | None = None
    """How many rows the API counts, where it does."""
    walled: bool = False
    """Some rows lie where no order and no filter reaches."""

    @classmethod
    def of(cls, pages: Iterable[list[Row]], since: datetime | None) -> ListedDeals:
        """Take the deals due from `since` on; of one that moved while it was listed, the newest version."""
        newest: dict[str, str] = {}
        rows = 0
        for page in pages:
            rows += len(page)
            for row in page:
                updated_at = instant_of(row, "updated_at")
                newest[row["id"]] = format_instant(updated_at) if updated_at else ""
        listed = cls(sorted((updated_at, deal_id) for deal_id, updated_at in newest.items()), rows)
        return replace(listed, deals=listed.due(since))

    @property
    def undated(self) -> int:
        """How many have no date of change: only a list of all deals shows them."""
        return sum(1 for updated_at, _ in self.deals if not updated_at)

    def due(self, since: datetime | None) -> Sequence[tuple[str, str]]:
        """Return the deals that changed since a moment, and those of which nobody knows."""
        oldest = format_instant(since) if since else ""
        return [deal for deal in self.deals if not deal[0] or deal[0] >= oldest]


class SharedDeals:
    """A list of deals that several streams visit: read once a sync, by the first that comes to it.

    It reaches back as far as any of them needs. A reading that fails is the error of the stream that asked; the next
    one asks for itself. Safe to share among threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since = _END_OF_TIME
        self._listed: ListedDeals | None = None
        self.undated = False
        """Whether some stream knows of deals without a date of change, so that new ones are to be listed, too."""

    def expect(self, since: datetime | None, *, undated: bool = False) -> None:
        """Have the list reach back to `since` (None: to its beginning), whoever reads it; `undated`: see there."""
        with self._lock:
            self.undated = self.undated or undated
            self._reach_back(since)

    def read(self, since: datetime | None, list_deals: Callable[[datetime | None], ListedDeals]) -> ListedDeals:
        """Return the deals since then, perhaps with older ones; call `list_deals` where no stream has, or not so far.

        Raises what `list_deals` raises. Other streams wait meanwhile: they need the same.
        """
        with self._lock:
            self._reach_back(since)
            if self._listed is None:
                self._listed = list_deals(None if self._since == _BEGINNING else self._since)
            return self._listed

    def _reach_back(self, since: datetime | None) -> None:
        if (since or _BEGINNING) < self._since:
            self._since, self._listed = since or _BEGINNING, None


def with_deal(deal_id: str, updated_at: str | None, batches: Iterable[Batch]) -> Iterator[list[Row]]:
    """Yield the rows of a list below a deal as records: with `deal_id` and `deal_updated_at`."""
    for batch in batches:
        yield [{**row, "deal_id": deal_id, "deal_updated_at": updated_at} for row in batch.rows]


class DealChildrenCursor(DealCursor):
    """Keeps which deals are visited, and the filter that named them."""

    _filter = ALL_DEALS
    has_children = False

    def __init__(self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any]) -> None:
        super().__init__(context, cursor_field=cursor_field, state=state)
        self.undated = self.incoming.undated
        """How many deals had no date of change when all were listed."""

    def try_filter(self, form: str) -> None:
        """Begin anew, with the deals that a filter names."""
        self._filter = form
        self.begin()

    @property
    def trusted(self) -> bool:
        """Whether the filter has proved to name deals with children."""
        return self._filter in (ALL_DEALS, self.incoming.parents) or self.has_children

    @property
    def state(self) -> MutableMapping[str, Any]:
        """As its parent's, with the form of the filter once it is trusted: until then the cursor does not follow it."""
        if not self.trusted:
            known = self.incoming.model_dump(exclude_defaults=True)
            cursor = known.pop("cursor", None) or self._context.start_date
            return {self.cursor_field: cursor, **known} if cursor else known
        state = {**super().state, **({"undated": self.undated} if self.undated else {})}
        return state if self._filter == ALL_DEALS else {**state, "parents": self._filter}


class DealChildrenPartitions(DealPartitions):
    """Generates a partition for each deal that changed since the state."""

    _cursor: DealChildrenCursor

    def __init__(
        self,
        context: StreamContext,
        cursor: DealChildrenCursor,
        *,
        shared: Mapping[str, SharedDeals],
        fetch_deals: Mapping[str, Fetch],
        deal_keys: tuple[str, str],
        deal_tie_sort: str | None,
        fetch_below: Callable[[str], Fetch],
        sort: str,
        by_key: bool,
    ) -> None:
        """`fetch_deals` lists the deals by filter: those that may name the deals with children, then ALL_DEALS.

        The deals are read by `deal_keys`, their `updated_at` and `created_at`; `shared` keeps them, by filter.
        With `by_key` the children can be filtered by their `sort`, a moment that does not change.
        """
        super().__init__(context, cursor, self._read_below)
        self._shared = shared
        self._fetch_deals = fetch_deals
        self._deal_keys = deal_keys
        self._deal_tie_sort = deal_tie_sort
        self._fetch_below = fetch_below
        self._sort = sort
        self._by_key = by_key
        self._answered = False
        self._forms = [form for form in fetch_deals if form != ALL_DEALS]
        if cursor.incoming.parents in self._forms:
            self._forms = [cursor.incoming.parents]
        shared[(*self._forms, ALL_DEALS)[0]].expect(cursor.since, undated=cursor.undated > 0)

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the deals in the order of their last change."""
        none_exist = False
        for form in self._forms:
            visits = yield from self._attempt(form)
            if self._given_up or (visits is not None and self._cursor.trusted):
                break
            none_exist = none_exist or visits == 0
        else:
            # Every form is refused, or names deals of which none has children: then all deals are visited. But where a
            # form is understood and names no deal, there are no children to read.
            if not none_exist:
                yield from self._attempt(ALL_DEALS)
        self._end()

    def _attempt(self, form: str) -> Generator[RecordPartition, None, int | None]:
        """Visits the deals that a filter names, and waits for that; returns how many, None if it is refused."""
        self._cursor.try_filter(form)
        self._answered = False
        try:
            listed = self._shared[form].read(self._cursor.since, partial(self._list, form))
        except (RequestRefusedError, ServerFailedError) as refusal:
            if form == ALL_DEALS or self._answered:
                raise
            _logger.info(
                "%s: RD Station refuses the filter %s (%s).", self._context.name, form, refusal.internal_message
            )
            return None
        if self._cursor.since is None:
            self._cursor.undated = listed.undated
        else:
            self._context.report_undated(self._cursor.undated, "updated_at", of="deals")
        yield from self._visit_deals(listed.due(self._cursor.since))
        return self._cursor.progress.count

    def _list(self, form: str, since: datetime | None) -> ListedDeals:
        return ListedDeals.of(self._pages(form, since), since)

    def _pages(self, form: str, since: datetime | None) -> Iterator[list[Row]]:
        cursor, fetch = self._cursor, self._fetch_deals[form]
        undated = self._shared[form].undated or cursor.undated > 0
        for rows in self._all(fetch) if since is None else self._since(fetch, since, undated=undated):
            self._answered = True
            yield rows
            cursor.records_emitted()

    def _all(self, fetch: Fetch) -> Iterator[list[Row]]:
        """By creation: no filter on `updated_at` shows deals that have none."""
        began, tie_sort, report = self._cursor.began_local, self._deal_tie_sort, self._context.report_incomplete
        for batch in read_keyset_whole(fetch, self._deal_keys[-1], began=began, tie_sort=tie_sort, report=report):
            yield batch.rows

    def _since(self, fetch: Fetch, since: datetime, *, undated: bool) -> Iterator[list[Row]]:
        changed, created = self._deal_keys
        began, tie_sort = self._cursor.began_local, self._deal_tie_sort
        for batch in read_keyset(fetch, (changed, created), since, began=began, tie_sort=tie_sort):
            yield batch.rows
        if undated:
            yield from read_created_since(fetch, created, since, without=changed, began=began, tie_sort=tie_sort)

    def _read_below(self, deal_id: str, updated_at: str | None) -> Iterator[list[Row]]:
        fetch = self._fetch_below(deal_id)
        batches = (
            read_keyset_whole(fetch, self._sort, began=self._cursor.began_local, report=self._context.report_incomplete)
            if self._by_key
            else sweep(fetch, Query(self._sort), walled=False)
        )
        for rows in with_deal(deal_id, updated_at, batches):
            self._cursor.has_children = self._cursor.has_children or bool(rows)
            yield rows
