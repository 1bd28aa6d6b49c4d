"""Contacts that the list does not show: their older messages are due once it shows them, so the cursor waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository
from conversas_samples import Growing, Pages, message

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import ConnectorError, transient_error
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.history.history_client import HistoryClient, PageDecryptor
from source_rdstation_conversas.streams.contact_partitions import Histories
from source_rdstation_conversas.streams.messages import MessagesPartitions
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor
from source_rdstation_conversas.streams.reports import Attendances

CURSOR = "2026-08-01T00:00:00.000Z"
STATE = {"created_at": CURSOR, "gone": ["c9"]}


class OneMessageEach:
    """Stands for the client of the histories: each contact has one message."""

    decryptor = PageDecryptor("messages", None)

    def read(self, _: str, __: datetime, reader: Any, **___: datetime) -> Iterator[Any]:
        return cast("Iterator[Any]", reader(Pages([message()])))


def stream(contacts: Fetch, state: dict[str, Any]) -> tuple[MessagesCursor, MessagesPartitions, list[str]]:
    """The stream over this list of contacts, and what it reports as incomplete."""
    told: list[str] = []
    context = StreamContext(
        "messages", InMemoryMessageRepository(), dict, "2024-01-01T00:00:00.000Z", lambda moment: moment, 1, told.append
    )
    cursor = MessagesCursor(context, cursor_field="created_at", state=state, full_round=timedelta(days=7))
    histories = Histories(contacts, cast("HistoryClient", OneMessageEach()), lambda error: error)
    attendances = Attendances(context, lambda **_: at_rest, timedelta(days=30))
    return cursor, MessagesPartitions(context, histories, cursor, attendances), told


def read(contacts: Fetch, state: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The last state, and what is reported as incomplete."""
    cursor, partitions, told = stream(contacts, state)
    for partition in partitions.generate():
        list(partition.read())
    return dict(cursor.state), told


def at_rest(_: Query) -> Page:
    return Page([{"id": "c1"}, {"id": "c9"}], has_next=More.NO, total=2)


def hides_one(_: Query) -> Page:
    return Page([{"id": "c1"}], has_next=More.NO, total=2)


def test_a_list_at_rest_moves_the_cursor() -> None:
    state, told = read(at_rest, STATE)

    assert state["created_at"] > CURSOR
    assert "gone" not in state
    assert told == []


@pytest.mark.parametrize(
    ("contacts", "sentence"),
    [
        (
            Growing(lambda n: {"id": f"c1{n}"}),
            "The list of contacts grew all the time while it was read. The next sync reads the rest.",
        ),
        (hides_one, "RD Station counts 2 contacts and showed 1 of them"),
    ],
    ids=["restless", "counts-more"],
)
def test_given_contacts_that_the_list_does_not_show_when_read_then_the_cursor_and_what_is_gone_stay(
    contacts: Fetch, sentence: str
) -> None:
    state, told = read(contacts, STATE)

    assert {name: value for name, value in state.items() if name != "hidden"} == STATE
    assert [line[: len(sentence)] for line in told] == [sentence]


def test_given_as_many_hidden_contacts_as_the_last_time_when_read_then_the_cursor_moves_and_the_warning_stays() -> None:
    first, _ = read(hides_one, STATE)

    second, told = read(hides_one, first)
    third, _ = read(at_rest, second)

    assert first == {**STATE, "hidden": 1}
    assert second["created_at"] > CURSOR
    assert second["hidden"] == 1
    assert told
    assert "hidden" not in third


def test_given_a_list_that_fails_when_the_stream_ends_then_its_state_still_says_who_is_gone() -> None:
    def fails(_: Query) -> Page:
        raise transient_error("contacts: no answer in time.")

    cursor, partitions, _ = stream(fails, STATE)

    with pytest.raises(ConnectorError):
        list(partitions.generate())
    assert cursor.state == STATE


def test_given_a_kill_before_the_first_visit_when_contacts_are_hidden_then_the_next_sync_still_finds_it_out() -> None:
    state = {**STATE, "created_at": format_instant(datetime.now(timezone.utc) - timedelta(days=1))}
    cursor, _, _ = stream(at_rest, state)
    while_attendances_are_read = []

    def customers_since(*_: Any) -> None:
        while_attendances_are_read.append(cursor.state)

    cursor.plan_visits([f"c{number}" for number in range(10, 99)], hidden=1, customers_since=customers_since)

    assert while_attendances_are_read == [state]
    assert cursor.state["hidden"] == 1
    assert cursor.state["position"]["unread"]
