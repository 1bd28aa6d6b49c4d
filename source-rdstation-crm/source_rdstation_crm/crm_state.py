"""The states of the CRM's streams: a cursor, and what a stream needs beside it to go on where it was."""

from __future__ import annotations

from pydantic import Field

from airbyte_rdstation.airbyte.incoming_state import Instant, ReadPosition, StreamState

__all__ = ["ChildState", "NewestFirstState", "OffsetState", "TimeRangesState"]


class _TimeRangesPosition(ReadPosition):
    latest: Instant | None = None
    spans: list[tuple[Instant | None, Instant | None]]


class TimeRangesState(StreamState):
    """A list read by keyset: beside the cursor, the spans of a read under way that are not read yet."""

    walk: _TimeRangesPosition | None = None


class _PagePosition(ReadPosition):
    latest: Instant | None = None
    page: int
    reached: Instant | None = None


class NewestFirstState(StreamState):
    """A list read from its newest row: beside the cursor, the page of a read under way."""

    walk: _PagePosition | None = None


class _OffsetPosition(_PagePosition):
    whole: bool = False


class OffsetState(StreamState):
    """A list of API v1 with a wall: as above; a `whole` read goes by `created_at`, and its page counts upwards.

    And how many records were out of reach when everything was read.
    """

    walk: _OffsetPosition | None = None
    unreached: int = 0


class ChildState(StreamState):
    """Children of deals: beside the cursor, the deals visited since the moment from which the next sync reads.

    And the filter that proved to list the deals that have children.
    """

    walk: None = None
    recent: dict[str, str] = Field(default_factory=dict)
    parents: str | None = None
