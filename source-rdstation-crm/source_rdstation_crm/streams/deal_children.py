"""Children of deals (notes, products): one partition a deal, several at once; incremental by the deal's `updated_at`.

The children carry no `deal_id` and no date that an incremental read could use, so the deals are read (by keyset,
from the state on) and each changed deal is visited. Facts: docs/api/crm-v2.md#deal-notes, #deal-products and
unknown 22.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Final

from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import RequestRefusedError, ServerFailedError
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.pagination.keyset import read_keyset
from airbyte_rdstation.pagination.listing import Fetch, Query
from airbyte_rdstation.pagination.page_numbers import sweep
from source_rdstation_crm.streams.substream import DealCursor, DealPartitions, DealState

__all__ = ["ALL_DEALS", "DealChildrenCursor", "DealChildrenPartitions"]

ALL_DEALS: Final = ""

_logger = logging.getLogger("airbyte.rdstation")


class DealChildrenCursor(DealCursor):
    """Keeps which deals are visited, and the filter that named them."""

    def __init__(self, context: StreamContext, *, cursor_field: str, state: DealState) -> None:
        self._filter = ALL_DEALS
        self.has_children = False
        super().__init__(context, cursor_field=cursor_field, state=state)

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
        """As its parent's, and the form of the filter once it is trusted: until then the cursor does not follow it."""
        if not self.trusted:
            known = self.incoming.model_dump(exclude_defaults=True)
            cursor = known.pop("cursor", None) or self._context.start_date
            return {self._cursor_field: cursor, **known} if cursor else known
        return {**super().state, **({} if self._filter == ALL_DEALS else {"parents": self._filter})}


class DealChildrenPartitions(DealPartitions):
    """Generates a partition for each deal that changed since the state."""

    _cursor: DealChildrenCursor

    def __init__(
        self,
        context: StreamContext,
        cursor: DealChildrenCursor,
        *,
        fetch_deals: Mapping[str, Fetch],
        deal_keys: Sequence[str],
        deal_tie_sort: str | None,
        fetch_below: Callable[[str], Fetch],
        sort: str,
    ) -> None:
        """`fetch_deals` lists the deals by filter: those that may name the deals with children, then ALL_DEALS.

        The deals are read by `deal_keys`, of which the first is their `updated_at`.
        """
        super().__init__(context, cursor)
        self._fetch_deals = fetch_deals
        self._deal_keys = deal_keys
        self._deal_tie_sort = deal_tie_sort
        self._fetch_below = fetch_below
        self._sort = sort

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the deals in the order of their last change."""
        forms = [form for form in self._fetch_deals if form != ALL_DEALS]
        if self._cursor.incoming.parents in forms:
            forms = [self._cursor.incoming.parents]
        none_exist = False
        for form in forms:
            visits = yield from self._attempt(form)
            if self._places.given_up or (visits is not None and self._cursor.trusted):
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
        try:
            yield from self._visit_all(self._fetch_deals[form])
        except (RequestRefusedError, ServerFailedError) as refusal:
            if form == ALL_DEALS or self._cursor.progress.count:
                raise
            _logger.info(
                "%s: RD Station refuses the filter %s (%s).", self._context.name, form, refusal.internal_message
            )
            return None
        self._places.wait_for_all()
        return self._cursor.progress.count

    def _visit_all(self, fetch: Fetch) -> Iterator[RecordPartition]:
        cursor = self._cursor
        deals = read_keyset(fetch, self._deal_keys, cursor.since, now=cursor.begun, tie_sort=self._deal_tie_sort)
        for batch in deals:
            yield from self._visit(batch.rows)
            if self._places.given_up:
                return
            cursor.records_emitted()

    def _read_deal(self, deal_id: str, updated_at: str | None) -> Iterator[list[Row]]:
        fetch = self._fetch_below(deal_id)
        batches = (
            read_keyset(fetch, (self._sort,), None, now=self._cursor.begun)
            if self._sort.endswith("_at")  # a moment that does not change
            else sweep(fetch, Query(self._sort), walled=False)
        )
        for batch in batches:
            self._cursor.has_children = self._cursor.has_children or bool(batch.rows)
            yield [{**row, "deal_id": deal_id, "deal_updated_at": updated_at} for row in batch.rows]
