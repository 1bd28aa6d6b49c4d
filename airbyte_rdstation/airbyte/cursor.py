"""States on their way out: one STATE a stream, only after the records it covers, and never many requests apart."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, FinalStateCursor
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record

from airbyte_rdstation.airbyte.stream_context import StreamContext

__all__ = ["CheckpointCursor", "FullRefreshCursor", "StreamCursor"]


# The platform may lose at most twenty requests of a stream. Where they bring records, a state follows those of every
# fifth; where they bring none for long (retries, sweeps), the state that stands is said again before the ninth. So at
# most nine lie between two states, whoever sends them, which leaves eleven for what is asked while a state is queued.
_REQUESTS_A_STATE: Final = 5
_REQUESTS_WITHOUT_NEWS: Final = 8


class StreamCursor(Cursor):
    """Counts the requests of a stream and emits its state every few of them."""

    _lock: threading.RLock
    _requests: int = 0  # since the last state
    _emitted: MutableMapping[str, Any] | None = None

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
            self._emit(self._emitted)

    def ensure_at_least_one_state_emitted(self) -> None:
        """Emit what is not emitted yet. The CDK calls this once a stream has ended, well or not.

        It then says COMPLETE before the state leaves the queue, so a stream that ends well has emitted its last state
        itself by then.
        """
        with self._lock:
            if self.state != self._emitted:
                self.checkpoint()

    @abstractmethod
    def _emit(self, state: Mapping[str, Any]) -> None: ...


class CheckpointCursor(StreamCursor):
    """Keeps the state of a stream that can go on where it was; subclasses say what it is."""

    def __init__(self, context: StreamContext) -> None:
        self._context = context
        self._stream = context.name
        self._states = ConnectorStateManager()
        self._lock = threading.RLock()

    @property
    @abstractmethod
    def state(self) -> MutableMapping[str, Any]:
        """The state that covers exactly the records emitted by now."""

    def _emit(self, state: Mapping[str, Any]) -> None:
        self._states.update_state_for_stream(self._stream, None, state)
        self._context.messages.emit_message(self._states.create_state_message(self._stream, None))

    def observe(self, record: Record) -> None:
        """Do nothing: states move a request at a time."""

    def close_partition(self, partition: Partition) -> None:
        """Do nothing: partitions tell the cursor of each request."""

    def should_be_synced(self, record: Record) -> bool:
        """Return True: what is read is emitted."""
        return True


class FullRefreshCursor(StreamCursor, FinalStateCursor):
    """Keeps the state of a stream without a cursor: a mark that says so."""

    def __init__(self, context: StreamContext) -> None:
        FinalStateCursor.__init__(self, context.name, None, context.messages)
        self._lock = threading.RLock()

    def _emit(self, state: Mapping[str, Any]) -> None:
        FinalStateCursor.ensure_at_least_one_state_emitted(self)
