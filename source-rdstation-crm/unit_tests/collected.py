"""Streams read without the CDK's engine: their partitions one after the other, with the states they emit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from airbyte_cdk.models import AirbyteMessage, Type
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition

from airbyte_rdstation.airbyte.state import StreamCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import Page
from airbyte_rdstation.pagination.listing import Fetch, Query

__all__ = ["Collected", "announced", "context"]


class Collected(MessageRepository):
    """A message repository that keeps states, and the ids of the records read between them."""

    def __init__(self) -> None:
        self.states: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.ids_at_last_state = 0

    def read(self, partitions: Iterable[Partition], records: int | None = None) -> None:
        """Reads the partitions, or pages with as many records of them; then the process is as good as killed."""
        for partition in partitions:
            pages: Iterable[Any] = partition.read()
            for page in pages:
                self.ids += [message.record.data["id"] for message in page.messages()]
                if records is not None and len(self.ids) >= records:
                    return

    def emit_message(self, message: AirbyteMessage) -> None:
        """Keeps the state that the message carries."""
        assert message.type == Type.STATE
        assert message.state is not None
        assert message.state.stream is not None
        self.states.append(
            dict(message.state.stream.stream_state.__dict__ if message.state.stream.stream_state else {})
        )
        self.ids_at_last_state = len(self.ids)

    def log_message(self, level: Any, message_provider: Callable[[], Any]) -> None:
        """Nothing is logged through it."""

    def consume_queue(self) -> Iterable[AirbyteMessage]:
        """Nothing waits."""
        return []


def context(
    name: str,
    messages: MessageRepository,
    now: Callable[[], datetime],
    start_date: str | None = None,
) -> StreamContext:
    """What a stream is given, in a world whose time is `now`."""
    return StreamContext(
        name,
        messages,
        normalize=lambda row: row,
        start_date=start_date,
        server_time=lambda _: now(),
        requests_at_once=50,
    )


def announced(cursor: StreamCursor, fetch: Fetch) -> Fetch:
    """`fetch`, of which the stream's cursor is told as the HTTP client tells it."""

    def announce_and_fetch(query: Query) -> Page:
        cursor.before_request()
        return fetch(query)

    return announce_and_fetch
