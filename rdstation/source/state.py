"""Incoming states: read at the border, refused when they are not ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from rdstation.dates import normalize_instant
from rdstation.errors import config_error

__all__ = ["Instant", "StateModel", "StreamState", "read_state"]

Instant = Annotated[str, AfterValidator(normalize_instant)]
"""RFC 3339 in UTC with milliseconds and `Z`: such texts sort as the instants do."""

_SENTINELS = frozenset({"__ab_no_cursor_state_message", "__ab_full_refresh_sync_complete"})

S = TypeVar("S", bound="StreamState")


class StateModel(BaseModel):
    """Strict: what is not of this shape was not written by us."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StreamState(StateModel):
    """What every state has: how far the stream is complete, and whether older records may still show."""

    cursor: Instant | None = None
    settled: bool = False


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
