"""What the readers hand over to the thread that prints: the queue of the CDK's engine, without a lock for each record.

`queue.Queue` wakes a reader for each record that is taken once it is full; eight readers and a printer then spend a
fifth of a big read waiting for each other.
"""

from __future__ import annotations

from queue import Full, Queue, SimpleQueue
from threading import Condition
from typing import Any

from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.partitions import error_of_stream
from airbyte_rdstation.client.errors import unknown_error

__all__ = ["RecordQueue"]


class RecordQueue(Queue[QueueItem]):
    """A queue with one consumer. It holds `maxsize` items, and one more of each reader that was at it when it filled.

    A full queue lets readers go on once half of it is taken.
    """

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self._items: SimpleQueue[QueueItem] = SimpleQueue()
        self._room = Condition()
        self._waiting = 0

    def put(self, item: QueueItem, block: bool = True, timeout: float | None = None) -> None:
        """See `queue.Queue.put`. An error goes on as one of its stream.

        What nobody knows goes on as its kind and place: the CDK would print it.
        """
        if isinstance(item, StreamThreadException):
            error = error_of_stream(item.exception, item.stream_name)
            if not isinstance(error, AirbyteTracedException):
                error = unknown_error(error, f"{item.stream_name}: reading")
            item = StreamThreadException(error, item.stream_name)
        if self._items.qsize() >= self.maxsize:
            if not block:
                raise Full
            with self._room:
                self._waiting += 1  # before it looks once more: who takes what makes room must see it
                has_room = self._room.wait_for(self._is_half_taken, timeout)
                self._waiting -= 1
            if not has_room:
                raise Full
        self._items.put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """See `queue.Queue.get`."""
        item = self._items.get(block, timeout)
        if self._waiting and self._is_half_taken():
            with self._room:
                self._room.notify_all()
        return item

    def qsize(self) -> int:
        """How many items wait."""
        return self._items.qsize()

    def empty(self) -> bool:
        """Whether no item waits."""
        return self._items.empty()

    def _is_half_taken(self) -> bool:
        return self._items.qsize() <= self.maxsize // 2
