"""The states of the Conversas streams: a cursor, and the position of a read over the contacts."""

from __future__ import annotations

from airbyte_rdstation.airbyte.state import ReadPosition, StreamState

__all__ = ["MessagesState", "ReportsState"]


class ReportsState(StreamState):
    """How far the windows are complete."""

    position: None = None


class _ContactPosition(ReadPosition):
    after: str
    unread: bool = False


class MessagesState(StreamState):
    """Beside the cursor, the last contact of a read under way up to which all are read, in the order of their ids.

    `unread`: some of their messages could not be read, so the read's end must not move the cursor.
    `gone`: contacts that are listed and have no history (404). One that was gone already keeps nothing back; should
    its history return, it is read from the start.
    """

    gone: tuple[str, ...] = ()
    position: _ContactPosition | None = None
