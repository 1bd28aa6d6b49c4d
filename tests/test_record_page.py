"""A page of records as one message: what it prints, and what the platform is told of it."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from airbyte_cdk.models import AirbyteMessage, AirbyteStreamStatus, StreamDescriptor, Type
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from airbyte_rdstation.airbyte.records import RecordPage, StreamQueue
from airbyte_rdstation.airbyte.source import OwnMessages, with_progress
from airbyte_rdstation.client.errors import ConnectorError, system_error
from airbyte_rdstation.pagination.listing import PaginationError

ROWS: list[dict[str, Any]] = [
    {"id": "1", "name": "Ana\u2028Exemplo\r\nof two lines"},
    {"id": "2", "name": None, "address": {"city": None}},
    {"id": "3", "amount": 2**70},
]


def test_a_page_is_a_line_a_record_with_nulls_and_what_no_parser_of_lines_may_cut() -> None:
    page = RecordPage("contacts", iter(ROWS))

    lines = page.lines.decode().split("\n")
    assert lines.pop() == ""
    assert page.count == len(lines) == len(ROWS)
    assert [json.loads(line)["record"]["data"] for line in lines] == ROWS
    for line in lines:
        message = json.loads(line)
        assert list(message) == ["type", "record"]
        assert list(message["record"]) == ["stream", "data", "emitted_at"]
        assert (message["type"], message["record"]["stream"]) == ("RECORD", "contacts")
        assert message["record"]["emitted_at"] > 1_700_000_000_000  # milliseconds


def test_a_page_gives_its_records_one_by_one() -> None:
    messages = list(RecordPage("contacts", ROWS[:2]).messages())

    assert [message.type for message in messages] == [Type.RECORD] * 2
    assert [message.record.data for message in messages if message.record] == ROWS[:2]


def test_given_pages_when_passed_on_then_running_comes_once_before_the_first_and_the_log_counts_records(
    caplog: pytest.LogCaptureFixture,
) -> None:
    contacts = StreamDescriptor(name="contacts")
    pages = [RecordPage("contacts", ROWS), RecordPage("contacts", ROWS[:1])]
    end = as_airbyte_message(contacts, AirbyteStreamStatus.COMPLETE)

    with caplog.at_level("INFO"):
        passed: list[AirbyteMessage] = list(with_progress([*pages, end]))

    running, *others = passed
    assert running.trace is not None
    assert running.trace.stream_status is not None
    assert running.trace.stream_status.status == AirbyteStreamStatus.RUNNING
    assert others == [*pages, end]
    assert [line.getMessage() for line in caplog.records] == ["Read 4 records from contacts stream"]


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (PaginationError("the order changed"), "deals: the order changed"),
        (system_error("known"), "known"),
        (ValueError("Ana Exemplo"), "ValueError"),
    ],
)
def test_given_an_error_of_a_reader_when_queued_then_it_names_its_stream_and_no_value(
    raised: Exception, told: str
) -> None:
    queue = StreamQueue(2)

    queue.put(StreamThreadException(raised, "deals"))

    error = queue.get()
    assert isinstance(error, StreamThreadException)
    assert isinstance(error.exception, ConnectorError)
    assert told in f"{error.exception.message} {error.exception.internal_message}"
    assert "Ana" not in f"{error.exception.message} {error.exception.internal_message}"


def test_the_thread_that_prints_never_takes_the_state_of_a_reader_whose_page_still_waits() -> None:
    emitted, go_on = threading.Event(), threading.Event()

    class Interrupted(OwnMessages):
        def emit_message(self, message: AirbyteMessage) -> None:
            super().emit_message(message)
            if threading.current_thread() is reader:
                emitted.set()
                assert go_on.wait(10)

    queue = StreamQueue(1)
    messages = ConcurrentMessageRepository(queue, Interrupted())
    page, state, status = RecordPage("deals", ROWS), AirbyteMessage(type=Type.STATE), AirbyteMessage(type=Type.TRACE)
    queue.put(page)  # and is full
    reader = threading.Thread(target=messages.emit_message, args=[state])
    reader.start()
    assert emitted.wait(10)

    messages.emit_message(status)

    assert list(messages.consume_queue()) == [status]
    assert queue.get() is page
    go_on.set()
    reader.join(10)
    assert queue.get() is state
