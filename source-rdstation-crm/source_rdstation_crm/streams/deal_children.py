"""Children of deals (notes, products): one slice a deal, several at once; incremental by the deal's `updated_at`.

The children carry no `deal_id` and no date that an incremental read could use, so the deals are walked (by the keyset
walk, from the state on) and each changed deal is visited. Facts: api/crm-v2.md, sections 6.5, 6.6 and unknown 22.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, MutableMapping, Sequence
from datetime import datetime, timezone
from functools import cached_property, partial
from typing import Any, Final

from rdstation.dates import format_instant, parse_instant
from rdstation.envelope import Row
from rdstation.errors import NotFoundError, RequestRefusedError, ServerFailedError
from source_rdstation_crm.cursor import CheckpointCursor, StreamContext
from source_rdstation_crm.slices import Slice
from source_rdstation_crm.state import ChildState
from source_rdstation_crm.walks.keyset import walk
from source_rdstation_crm.walks.listing import Fetch, Query, instant_of
from source_rdstation_crm.walks.overlap import is_settled, resume_at
from source_rdstation_crm.walks.sweep import sweep
from source_rdstation_crm.walks.visits import Visit, Visits

__all__ = ["ALL_DEALS", "DealChildren"]

ALL_DEALS: Final = ""

_logger = logging.getLogger("airbyte.rdstation")


class DealChildren(CheckpointCursor):
    """One such stream: its slices, and its state."""

    def __init__(
        self,
        context: StreamContext,
        *,
        fetch_deals: Mapping[str, Fetch],
        deal_keys: Sequence[str],
        deal_tie_sort: str | None,
        fetch_below: Callable[[str], Fetch],
        sort: str,
        cursor_field: str,
        state: ChildState,
    ) -> None:
        """`fetch_deals` lists the deals by filter: those that may name the deals with children, then ALL_DEALS.

        The deals are walked by `deal_keys`, of which the first is their `updated_at`.
        """
        super().__init__(context)
        self._fetch_deals = fetch_deals
        self._deal_keys = deal_keys
        self._deal_tie_sort = deal_tie_sort
        self._fetch_below = fetch_below
        self._sort = sort
        self._cursor_field = cursor_field
        self._incoming = state
        self._begun = datetime.now(timezone.utc)
        # No more slices are under way than can be read: the cursor stays close behind the walk over the deals.
        self._slices_at_once = 2 * context.readers
        self._places = threading.Semaphore(self._slices_at_once)
        self._filter = ALL_DEALS
        self._visits = self._new_visits()
        self._failed = self._has_children = False
        self._vanished = 0

    def slices(self) -> Iterator[Slice]:
        """A slice for each deal that changed since the state."""
        forms = [form for form in self._fetch_deals if form != ALL_DEALS]
        if self._incoming.parents in forms:
            forms = [self._incoming.parents]
        none_exist = False
        for form in forms:
            visits = yield from self._attempt(form)
            if self._failed or (visits is not None and self._trusted):
                break
            none_exist = none_exist or visits == 0
        else:
            # Every form is refused, or names deals of which none has children: then all deals are visited. But where a
            # form is understood and names no deal, there are no children to read.
            if not none_exist:
                yield from self._attempt(ALL_DEALS)
        self.checkpoint()
        if self._vanished:
            _logger.info("%s: %s deals were deleted during the sync and are skipped.", self._stream, self._vanished)

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The deals' cursor, and the deals visited close to it.

        The form of the filter for deals that have children is a guess: the cursor follows it only once it named one.
        """
        if not self._trusted:
            known = self._incoming.model_dump(exclude_defaults=True)
            cursor = known.pop("cursor", None) or self._context.start_date
            return {self._cursor_field: cursor, **known} if cursor else known
        cursor, recent = self._visits.state()
        state: dict[str, Any] = {"recent": recent} if recent else {}
        if cursor and is_settled(cursor, self._started):
            state["settled"] = True
        if self._filter != ALL_DEALS:
            state["parents"] = self._filter
        cursor = cursor or self._context.start_date
        return {self._cursor_field: cursor, **state} if cursor else state

    @property
    def _trusted(self) -> bool:
        return self._filter in (ALL_DEALS, self._incoming.parents) or self._has_children

    @cached_property
    def _started(self) -> str:
        return format_instant(self._context.server_time(self._begun))

    def _new_visits(self) -> Visits:
        return Visits(self._incoming.cursor, self._incoming.recent, lambda: self._started)

    def _attempt(self, form: str) -> Generator[Slice, None, int | None]:
        """Visits the deals that a filter names, and waits for that; returns how many, None if it is refused."""
        self._filter = form
        self._visits = self._new_visits()
        try:
            yield from self._visit_all(self._fetch_deals[form])
        except (RequestRefusedError, ServerFailedError) as refusal:
            if form == ALL_DEALS or self._visits.count:
                raise
            _logger.info("%s: RD Station refuses the filter %s (%s).", self._stream, form, refusal.internal_message)
            return None
        for _ in range(self._slices_at_once):
            self._places.acquire()
        self._places.release(self._slices_at_once)
        return self._visits.count

    def _visit_all(self, fetch: Fetch) -> Iterator[Slice]:
        for batch in walk(fetch, self._deal_keys, self._bound(), now=self._begun, tie_sort=self._deal_tie_sort):
            for deal in batch.rows:
                updated_at = instant_of(deal, self._deal_keys[0])
                visit = self._visits.open(deal["id"], format_instant(updated_at) if updated_at else None)
                if visit is None:
                    continue
                self._places.acquire()
                if self._failed:
                    self._places.release()
                    return
                yield Slice(self._stream, {"deal_id": visit.deal_id}, partial(self._read, visit))
            self.request_answered()

    def _bound(self) -> datetime | None:
        moments = [parse_instant(self._context.start_date)] if self._context.start_date else []
        if self._incoming.cursor:
            moments.append(resume_at(self._incoming.cursor, self._incoming.settled))
        return max(moments, default=None)

    def _read(self, visit: Visit) -> Iterator[Row]:
        try:
            if self._failed:
                return
            parent = {"deal_id": visit.deal_id, "deal_updated_at": visit.updated_at}
            fetch = self._fetch_below(visit.deal_id)
            batches = (
                walk(fetch, (self._sort,), None, now=self._begun)
                if self._sort.endswith("_at")  # a moment that does not change
                else sweep(fetch, Query(self._sort), walled=False)
            )
            try:
                for batch in batches:
                    for row in batch.rows:
                        yield self._context.normalize({**row, **parent})
                    self._has_children = self._has_children or bool(batch.rows)
            except NotFoundError:
                self._vanished += 1  # the deal was deleted between the two requests
            self._visits.close(visit)
            self.request_answered()
        except BaseException:
            others_failed, self._failed = self._failed, True
            if not others_failed:
                raise  # the others' errors would only repeat it
        finally:
            self._places.release()
