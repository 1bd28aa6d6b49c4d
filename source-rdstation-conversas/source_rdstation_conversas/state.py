"""The states of the Conversas streams: a cursor, and the position of a walk over the contacts."""

from __future__ import annotations

from rdstation.source.state import Instant, StateModel, StreamState

__all__ = ["MessagesState", "ReportsState"]


class ReportsState(StreamState):
    """How far the windows are complete."""


class _ContactPosition(StateModel):
    started: Instant
    after: str
    unread: bool = False


class MessagesState(StreamState):
    """Beside the cursor, the last contact of a walk under way up to which all are read, in the order of their ids.

    `unread`: some of their pages could not be read, so the walk's end must not move the cursor.
    """

    walk: _ContactPosition | None = None
