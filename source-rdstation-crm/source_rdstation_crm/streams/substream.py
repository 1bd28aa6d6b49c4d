"""One request a deal: a slice for each deal that is due, several at once; incremental by the deal's `updated_at`.

Subclasses say how the deals are listed and what is read of each.
"""

from __future__ import annotations

import logging
from abc import abstractmethod
from collections.abc import Iterable, Iterator, MutableMapping
from datetime import datetime, timezone
from functools import cached_property, partial
from typing import Any, Final

from airbyte_rdstation.airbyte.cursor import CheckpointCursor, StreamContext
from airbyte_rdstation.airbyte.lookback import is_settled, lookback_start
from airbyte_rdstation.airbyte.partitions import Slice
from airbyte_rdstation.airbyte.places import Places
from airbyte_rdstation.client.errors import NotFoundError
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import format_instant, parse_instant
from airbyte_rdstation.pagination.listing import instant_of
from source_rdstation_crm.crm_state import ChildState
from source_rdstation_crm.streams.parent_progress import ParentProgress, Visit

__all__ = ["DealSubstream"]

_UPDATED_AT: Final = "updated_at"

_logger = logging.getLogger("airbyte.rdstation")


class DealSubstream(CheckpointCursor):
    """A stream that visits deals: the slices of its visits, and its state."""

    def __init__(self, context: StreamContext, *, cursor_field: str, state: ChildState) -> None:
        super().__init__(context)
        self._cursor_field = cursor_field
        self._incoming = state
        self._begun = datetime.now(timezone.utc)
        # No more slices are under way than can be read: the cursor stays close behind the list of deals.
        self._places = Places(2 * context.readers)
        context.on_failure = self._places.give_up
        self._visits = self._new_visits()
        self._gone = 0

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The deals' cursor, and the deals visited close to it."""
        cursor, recent = self._visits.state()
        state: dict[str, Any] = {"recent": recent} if recent else {}
        if cursor and is_settled(cursor, self._started):
            state["settled"] = True
        cursor = cursor or self._context.start_date
        return {self._cursor_field: cursor, **state} if cursor else state

    @abstractmethod
    def _read_deal(self, deal_id: str, updated_at: str | None) -> Iterable[Row]:
        """The records of one deal; NotFoundError if it is gone."""

    def _new_visits(self) -> ParentProgress:
        return ParentProgress(self._incoming.cursor, self._incoming.recent, lambda: self._started)

    @cached_property
    def _started(self) -> str:
        return format_instant(self._context.server_time(self._begun))

    def _bound(self) -> datetime | None:
        """Deals updated before this moment are not due."""
        moments = [parse_instant(self._context.start_date)] if self._context.start_date else []
        if self._incoming.cursor:
            moments.append(lookback_start(self._incoming.cursor, self._incoming.settled))
        return max(moments, default=None)

    def _visit(self, deals: Iterable[Row]) -> Iterator[Slice]:
        """A slice for each deal that is due; ends early once one has failed."""
        for deal in deals:
            updated_at = instant_of(deal, _UPDATED_AT)
            visit = self._visits.open(deal["id"], format_instant(updated_at) if updated_at else None)
            if visit is None:
                continue
            if not self._places.take():
                return
            yield Slice(self._stream, {"deal_id": visit.deal_id}, partial(self._read, visit))

    def _read(self, visit: Visit) -> Iterator[Row]:
        try:
            if self._places.given_up:
                return
            try:
                yield from map(self._context.normalize, self._read_deal(visit.deal_id, visit.updated_at))
            except NotFoundError:
                self._gone += 1  # deleted between the two requests
            self._visits.close(visit)
            self.request_answered()
        except BaseException:
            if self._places.give_up():
                raise  # the others' errors would only repeat it
        finally:
            self._places.leave()

    def _tell_gone(self) -> None:
        if self._gone:
            _logger.info("%s: %s deals were deleted during the sync and are skipped.", self._stream, self._gone)
