"""The order of histories, which nobody promises: what proves that the newest come first, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from conversas_samples import message, opened, page_of

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant, is_older
from source_rdstation_conversas.envelopes import ContactPage
from source_rdstation_conversas.history.history_client import HistoryClient, PageDecryptor
from source_rdstation_conversas.streams.contact_partitions import Histories
from source_rdstation_conversas.streams.messages import MessagesPartitions
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor
from source_rdstation_conversas.streams.reports import Attendances

NOW = datetime(2026, 8, 10, 12, tzinfo=timezone.utc)
FULL = 100
Rows = list[dict[str, Any]]


def ago(days: float) -> str:
    return format_instant(NOW - timedelta(days=days))


class Client:
    """Gives the histories, in pages; those from some page on are for a key that has been replaced."""

    def __init__(self, histories: dict[str, Rows], readable: int) -> None:
        self.decryptor = PageDecryptor("messages", opened())
        self._histories = histories
        self._readable = readable

    def read(self, contact: str, _: datetime, reader: Any, *, begin: datetime) -> Iterator[Any]:
        first = format_instant(begin - timedelta(days=1))
        rows = [row for row in self._histories[contact] if not is_older(row["created_at"], first)]

        def page(number: int) -> ContactPage:
            due = rows[FULL * (number - 1) : FULL * number]
            if due and number > self._readable:
                return ContactPage("eyJ", fault="it is for another key", decrypted=False, likeness=object())
            return page_of(due) if due else ContactPage(is_end=True)

        return cast("Iterator[Any]", reader(page))


def synced(histories: dict[str, Rows], *, readable: int = 1_000) -> tuple[list[str], str]:
    """The contents that a sync brings which begins a day back, and its cursor; contacts are read one by one."""
    context = StreamContext("messages", InMemoryMessageRepository(), dict, "2025-01-01T00:00:00.000Z", lambda _: NOW, 1)
    cursor = MessagesCursor(context, cursor_field="created_at", state={"created_at": ago(1)}, full_round=timedelta(0))
    contacts = Page([{"id": contact} for contact in histories], has_next=More.NO)
    partitions = MessagesPartitions(
        context,
        Histories(lambda _: contacts, cast("HistoryClient", Client(histories, readable)), lambda error: error),
        cursor,
        Attendances(context, lambda **_: lambda _: contacts, timedelta(0)),
    )
    pages = [page for partition in partitions.generate() for page in partition.read()]
    return [each.record.data["content"] for page in pages for each in page.messages()], cursor.state["created_at"]


OLD = [message(f"old {number}", ago(60 - number / 10)) for number in range(149)]
OLDEST_FIRST = [*OLD, message("new", ago(0.01))]
NO_PROOF: dict[str, Rows] = {
    "a-message-without-a-date": [message("x", "")],
    "one-without-a-date-on-a-later-page": [*OLDEST_FIRST[:FULL], message("x", "ontem")],
    "an-old-one-behind-others-by-chance": [*OLD[1 : FULL + 1], OLD[0]],
    "all-of-one-moment": [message(f"x {number}", ago(30)) for number in range(FULL + 5)],
}


@pytest.mark.parametrize("name", NO_PROOF)
def test_given_a_history_that_proves_no_order_when_another_comes_oldest_first_then_its_newest_message_is_read(
    name: str,
) -> None:
    brought, _ = synced({"a": NO_PROOF[name], "b": OLDEST_FIRST})

    assert "new" in brought


def test_given_a_history_seen_to_go_on_with_older_ones_when_another_is_read_then_a_full_page_is_its_end() -> None:
    newest_first = [message("now", ago(0.01)), *OLD[::-1]]

    brought, _ = synced({"a": newest_first, "b": [*newest_first[:FULL], message("behind", ago(0.5))]})

    assert brought == ["now", "now"]


def test_given_older_pages_for_a_key_that_was_replaced_when_synced_then_they_hold_nothing_back() -> None:
    brought, cursor = synced({"a": [message("now", ago(0.01)), *OLD[::-1]]}, readable=1)

    assert (brought, cursor) == (["now"], format_instant(NOW))


def test_given_due_pages_for_a_key_that_was_replaced_when_synced_then_the_cursor_waits_for_them() -> None:
    due = [message(f"due {number}", ago(number / 1_000)) for number in range(150)]

    brought, cursor = synced({"a": due}, readable=1)

    assert (len(brought), len(set(brought)), cursor) == (FULL, FULL, ago(1))
