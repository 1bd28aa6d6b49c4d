"""The order of histories, which nobody promises: what proves that the newest come first, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from conversas_samples import Pages, message

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from source_rdstation_conversas.history.history_client import HistoryClient, PageDecryptor
from source_rdstation_conversas.streams.contact_partitions import Histories
from source_rdstation_conversas.streams.messages import MessagesPartitions
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor, MessagesState
from source_rdstation_conversas.streams.reports import Attendances

NOW = datetime(2026, 8, 10, 12, tzinfo=timezone.utc)
FULL = 100
Rows = list[dict[str, Any]]


def ago(days: float) -> str:
    return format_instant(NOW - timedelta(days=days))


def texts(histories: dict[str, Rows]) -> set[str]:
    """The contents that a sync brings which begins a day back; contacts are read one after the other."""

    class Client:
        decryptor = PageDecryptor("messages", None)

        def read(self, contact: str, _: datetime, reader: Any, **__: datetime) -> Iterator[Any]:
            rows = histories[contact]
            return cast("Iterator[Any]", reader(Pages(*[rows[at : at + FULL] for at in range(0, len(rows), FULL)])))

    context = StreamContext("messages", InMemoryMessageRepository(), dict, "2025-01-01T00:00:00.000Z", lambda _: NOW, 1)
    cursor = MessagesCursor(
        context, cursor_field="created_at", state=MessagesState(cursor=ago(1)), full_round=timedelta(0)
    )
    contacts = Page([{"id": contact} for contact in histories], has_next=More.NO)
    partitions = MessagesPartitions(
        context,
        Histories(lambda _: contacts, cast("HistoryClient", Client()), lambda error: error),
        cursor,
        cast("Attendances", None),
    )
    pages = [page for partition in partitions.generate() for page in partition.read()]
    return {each.record.data["content"] for page in pages for each in page.messages()}


OLDEST_FIRST = [message(f"old {number}", ago(60 - number / 10)) for number in range(149)] + [message("new", ago(0.01))]
NO_PROOF: dict[str, Rows] = {
    "a-message-without-a-date": [message("x", "")],
    "one-without-a-date-on-a-later-page": [*OLDEST_FIRST[:FULL], message("x", "ontem")],
    "all-of-one-moment": [message(f"x {number}", ago(30)) for number in range(FULL + 5)],
}


@pytest.mark.parametrize("name", NO_PROOF)
def test_given_a_history_that_proves_no_order_when_another_comes_oldest_first_then_its_newest_message_is_read(
    name: str,
) -> None:
    assert "new" in texts({"a": NO_PROOF[name], "b": OLDEST_FIRST})


def test_given_a_history_seen_to_go_on_with_older_ones_when_another_is_read_then_a_full_page_is_its_end() -> None:
    newest_first = [message("now", ago(0.01)), *OLDEST_FIRST[-2::-1]]
    behind = [message("behind", ago(0.5))]

    assert texts({"a": newest_first, "b": newest_first[:FULL] + behind}) >= {"now"}
    assert "behind" not in texts({"a": newest_first, "b": newest_first[:FULL] + behind})
