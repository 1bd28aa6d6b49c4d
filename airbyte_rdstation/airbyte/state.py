"""States: read at the border, refused when they are not ours, never later than now; and on their way out.

A STATE leaves only after the records it covers, and never many requests after the one before. A record may show in
lists some time after it was written, so a sync looks back behind its cursor.
Facts: docs/api/crm-v2.md#keyset and unknown 23.
"""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cached_property
from typing import Annotated, Any, Final, Generic, TypeVar

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.dates import LAST_YEAR, format_instant, normalize_instant, parse_instant

__all__ = [
    "LOOKBACK",
    "FullRefreshCursor",
    "IncrementalCursor",
    "Instant",
    "ReadPosition",
    "StateModel",
    "StreamCursor",
    "StreamState",
    "due_since",
    "is_settled",
    "lookback_start",
    "read_state",
]

LOOKBACK: Final = timedelta(minutes=5)  # clients use minutes to hours [seen]; the search index's lag is unknown

_MOST_SERVER_AHEAD: Final = timedelta(minutes=10)  # how far RD Station's clock may run ahead of ours

_logger = logging.getLogger("airbyte.rdstation")


def _instant(text: str) -> str:
    return format_instant(parse_instant(text))


def _instant_of_any_future(text: str) -> str:
    """Accept also a year too far ahead to calculate with: `read_state` brings it back to now."""
    canonical = normalize_instant(text)
    return canonical if canonical > str(LAST_YEAR) else _instant(text)


Instant = Annotated[str, AfterValidator(_instant)]
"""RFC 3339 in UTC with milliseconds and `Z`: such texts sort as the instants do."""
_Moment = Annotated[str, AfterValidator(_instant_of_any_future)]
"""As above, but perhaps in a future that `read_state` brings back to now."""

_UNUSED: Final = frozenset(
    {
        NO_CURSOR_STATE_KEY,
        "__ab_full_refresh_sync_complete",
        "walk",  # a position as builds before 0.1.0 saved it: that read begins anew, from the cursor beside it
    }
)

StateT = TypeVar("StateT", bound="StreamState")


class StateModel(BaseModel):
    """Strict: what is not of this shape was not written by us."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ReadPosition(StateModel):
    """A read that was interrupted: when it began, and in subclasses how far it came."""

    started: _Moment


class StreamState(StateModel):
    """What every state has: how far the stream is complete; `settled` once no older record can show any more.

    `undated` is how many records had no date of change when everything was read: no later sync can ask for them.
    """

    cursor: _Moment | None = None
    settled: bool = False
    undated: int = 0
    position: ReadPosition | None = None


def read_state(stream: str, cursor_field: str, raw: Mapping[str, Any], model: type[StateT]) -> StateT:
    """Read the state of one stream. A config error where it is of a foreign shape; nothing is read then.

    A cursor in the future (an edited state, a clock that was wrong) would hide every change before it: it is brought
    back to this moment, with a warning, and a read that began in the future begins anew.
    """
    known = {name: value for name, value in raw.items() if name not in _UNUSED}
    if cursor_field in known:
        known["cursor"] = known.pop(cursor_field)
    try:
        state = model.model_validate(known)
    except ValidationError as error:
        where = ", ".join(sorted({str(problem["loc"][0]) for problem in error.errors() if problem["loc"]}))
        raise config_error(
            f"The saved state of stream {stream} was not written by this connector (see: {where or 'its shape'}). "
            "Clear the stream's state (in Airbyte: Refresh or Clear data) to read it from the beginning."
        ) from None
    now = datetime.now(timezone.utc)
    latest = format_instant(now + _MOST_SERVER_AHEAD)
    changes: dict[str, Any] = {}
    if state.cursor is not None and state.cursor > latest:
        changes = {"cursor": format_instant(now), "settled": False}
        _logger.warning(
            "%s: the saved state lies in the future (%s). Reading goes on from now (%s). If records are missing, clear "
            "the stream's state to read it from the beginning.",
            stream,
            state.cursor,
            changes["cursor"],
        )
    if state.position is not None and state.position.started > latest:
        changes["position"] = None
        _logger.warning(
            "%s: the saved state says that a read began in the future (%s). It begins anew.",
            stream,
            state.position.started,
        )
    return state.model_copy(update=changes)


def is_settled(cursor: str, began: str) -> bool:
    """Tell whether a sync that began at `began` has seen all that will ever show up to `cursor`."""
    return parse_instant(cursor) <= parse_instant(began) - LOOKBACK


def lookback_start(cursor: str, settled: bool) -> datetime:
    """Return from when on to read after a sync that left `cursor`."""
    return parse_instant(cursor) - (timedelta(0) if settled else LOOKBACK)


def due_since(start_date: str | None, cursor: str | None, settled: bool) -> datetime | None:
    """Return from when on records are due, never before the user's start date; None where all are."""
    moments = [parse_instant(start_date)] if start_date else []
    if cursor:
        moments.append(lookback_start(cursor, settled))
    return max(moments, default=None)


# The platform may lose at most twenty requests of a stream. Where they bring records, a state follows those of every
# fifth; where they bring none for long (retries, sweeps), the state that stands is said again before the ninth. So at
# most nine lie between two states, whoever sends them, which leaves eleven for what is asked while a state is queued.
_REQUESTS_A_STATE: Final = 5
_REQUESTS_WITHOUT_NEWS: Final = 8


@dataclass(eq=False)
class StreamCursor(Cursor):
    """Keeps a stream's state, counts its requests, and emits the state every few of them."""

    _context: StreamContext
    _states: ConnectorStateManager = field(default_factory=ConnectorStateManager, init=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, init=False)
    _requests: int = field(default=0, init=False)
    """Since the last state."""
    _emitted: Mapping[str, Any] | None = field(default=None, init=False)

    @property
    @abstractmethod
    def state(self) -> MutableMapping[str, Any]:
        """The state that covers exactly the records emitted by now."""

    def before_request(self) -> None:
        """Count a request that is about to be sent; emit the state again where requests bring no records for long."""
        with self._lock:
            self._requests += 1
            if self._requests > _REQUESTS_WITHOUT_NEWS:
                self.checkpoint()

    def records_emitted(self) -> None:
        """Emit the state if it is time. Call once the records of a request are emitted and the state covers them."""
        with self._lock:
            if self._requests >= _REQUESTS_A_STATE:
                self.checkpoint()

    def checkpoint(self) -> None:
        """Emit the state now."""
        with self._lock:  # what the state says and when it is said is one step: two threads must not swap their states
            self._requests = 0
            self._emitted = self.state
            self._states.update_state_for_stream(self._context.name, None, self._emitted)
            self._context.messages.emit_message(self._states.create_state_message(self._context.name, None))

    def ensure_at_least_one_state_emitted(self) -> None:
        """Emit what is not emitted yet. The CDK calls this once a stream has ended, well or not.

        It then says COMPLETE before the state leaves the queue, so a stream that ends well has emitted its last state
        itself by then.
        """
        with self._lock:
            if self.state != self._emitted:
                self.checkpoint()

    def observe(self, record: Record) -> None:
        """Do nothing: states move a request at a time."""

    def close_partition(self, partition: Partition) -> None:
        """Do nothing: partitions tell the cursor of each request."""

    def should_be_synced(self, record: Record) -> bool:
        """Return True: what is read is emitted."""
        return True


class FullRefreshCursor(StreamCursor):
    """Keeps the state of a stream without a cursor: a mark that says so."""

    @property
    def state(self) -> MutableMapping[str, Any]:
        """The CDK's mark, always the same."""
        return {NO_CURSOR_STATE_KEY: True}


class IncrementalCursor(StreamCursor, Generic[StateT]):
    """Keeps the state of a stream that can go on where it was; subclasses say what it is."""

    model: type[StateT]
    """The shape of the state."""

    def __init__(self, context: StreamContext, *, cursor_field: str, state: Mapping[str, Any]) -> None:
        """Take the state of the sync before, `{}` where there is none. Raises what `read_state` does."""
        super().__init__(context)
        self.began_local = datetime.now(timezone.utc)
        """When this sync began to read the stream, by our clock."""
        self.incoming = read_state(context.name, cursor_field, state, self.model)
        self.cursor_field = cursor_field

    @cached_property
    def _sync_began(self) -> str:
        """The same moment by RD Station's clock. Not to be used before the first answer, which tells it."""
        return format_instant(self._context.server_time(self.began_local))
