"""Incoming states: read at the border, refused when they are not ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from rdstation.dates import normalize_instant
from rdstation.errors import config_error

__all__ = ["ChildState", "Instant", "NewestFirstState", "NumberedState", "SpanState", "StreamState", "read_state"]

Instant = Annotated[str, AfterValidator(normalize_instant)]
"""RFC 3339 in UTC with milliseconds and `Z`: such texts sort as the instants do."""

_SENTINELS = frozenset({"__ab_no_cursor_state_message", "__ab_full_refresh_sync_complete"})

S = TypeVar("S", bound="StreamState")


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamState(_Model):
    """What every state has: how far the stream is complete, and whether older records may still show."""

    cursor: Instant | None = None
    settled: bool = False


class _SpanPosition(_Model):
    started: Instant
    latest: Instant | None = None
    spans: list[tuple[Instant | None, Instant | None]]


class SpanState(StreamState):
    """A keyset walk: beside the cursor, the spans of a walk under way that are not read yet."""

    walk: _SpanPosition | None = None


class _PagePosition(_Model):
    started: Instant
    latest: Instant | None = None
    page: int
    reached: Instant | None = None


class NewestFirstState(StreamState):
    """A list read from its newest row: beside the cursor, the page of a walk under way."""

    walk: _PagePosition | None = None


class _NumberedPosition(_PagePosition):
    whole: bool = False


class NumberedState(StreamState):
    """A list of API v1 with a wall: as above; a `whole` read goes by `created_at`, and its page counts upwards.

    And how many records were out of reach when everything was read.
    """

    walk: _NumberedPosition | None = None
    unreached: int = 0


class ChildState(StreamState):
    """Children of deals: beside the cursor, the deals visited since the moment from which the next sync reads.

    And the filter that proved to list the deals that have children.
    """

    recent: dict[str, str] = {}
    parents: str | None = None


def read_state(stream: str, cursor_field: str, raw: Mapping[str, Any], model: type[S]) -> S:
    """The state of one stream. A config error where it is of a foreign shape; nothing is read then."""
    known = {name: value for name, value in raw.items() if name not in _SENTINELS}
    if cursor_field in known:
        known["cursor"] = known.pop(cursor_field)
    try:
        return model.model_validate(known)
    except ValidationError as error:
        where = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}))
        raise config_error(
            f"The saved state of stream {stream} was not written by this connector (see: {where or 'its shape'}). "
            "Clear the stream's state (in Airbyte: Refresh or Clear data) to read it from the beginning."
        ) from None
