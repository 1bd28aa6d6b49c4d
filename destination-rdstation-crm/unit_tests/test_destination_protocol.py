"""Lines in, lines out: what is read of them, how a STATE is completed, when a batch is written."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbyte_rdstation.airbyte.process import Stop
from airbyte_rdstation.client.errors import ConnectorError, config_error
from destination_rdstation_crm.protocol.message_loop import MessageLoop
from destination_rdstation_crm.protocol.stdio import (
    BadLineError,
    Incoming,
    Record,
    State,
    StreamStatus,
    WholeLines,
    read_line,
    with_statistics,
)
from destination_rdstation_crm.row import BatchResult, Reject, Row, StreamKey, Written

PEOPLE: StreamKey = ("people", None)
MORE: StreamKey = ("more", "public")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def record(stream: str = "people", namespace: str | None = None) -> bytes:
    return orjson.dumps({"type": "RECORD", "record": {"stream": stream, "namespace": namespace, "data": {"a": 1}}})


def state(stream: str = "people", namespace: str | None = None) -> bytes:
    descriptor = {"name": stream, "namespace": namespace}
    return orjson.dumps({"type": "STATE", "state": {"type": "STREAM", "stream": {"stream_descriptor": descriptor}}})


@pytest.mark.parametrize("line", [b"", b" \r\n", b'{"type":"LOG"}', b'{"type":"CATALOG","catalog":{}}', b"{}",
                                  b'{"type":"TRACE","trace":{"type":"ERROR"}}', b'{"type":["STATE"]}'])  # fmt: skip
def test_given_nothing_for_a_destination_when_read_then_it_passes_by(line: bytes) -> None:
    assert read_line(line) is None


def test_given_messages_for_a_destination_when_read_then_they_name_their_stream() -> None:
    status = {"stream_descriptor": {"name": "people"}, "status": "COMPLETE"}
    trace = orjson.dumps({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "stream_status": status}})

    assert read_line(record("more", "public")) == Record(MORE, {"a": 1})
    assert read_line(state() + b"\n") == State(state().decode(), PEOPLE)
    assert read_line(b'{"type":"STATE","state":{"data":{}}}') == State('{"type":"STATE","state":{"data":{}}}', None)
    assert read_line(trace) == StreamStatus(PEOPLE, "COMPLETE")


@pytest.mark.parametrize(
    "line",
    [b"Ana", b"[]", b'{"type":"RECORD"}', b'{"type":"RECORD","record":{"data":{}}}', b"\xff",
     b'{"type":"RECORD","record":{"stream":"people","data":[]}}', b'{"type":"STATE","state":1}'],
)  # fmt: skip
def test_given_a_line_that_no_platform_sends_when_read_then_it_is_refused(line: bytes) -> None:
    with pytest.raises(BadLineError):
        read_line(line)


@given(
    blob=st.dictionaries(st.text().filter(lambda name: name != "destinationStats"), JSON, max_size=4),
    beside=st.dictionaries(st.text().filter(lambda name: name != "state"), JSON, max_size=2),
    spaced=st.booleans(),
)
def test_given_any_state_when_completed_then_only_the_statistics_are_new(
    blob: dict[str, object], beside: dict[str, object], spaced: bool
) -> None:
    line = json.dumps({**beside, "state": blob}, indent=1 if spaced else None).replace("\n", " ")

    completed = with_statistics(line, 3, 2)

    assert json.loads(completed) == {
        **beside,
        "state": {**blob, "destinationStats": {"recordCount": 3.0, "rejectedRecordCount": 2.0}},
    }
    comma = "," if blob else ""
    assert completed.replace(f'{comma}"destinationStats":{{"recordCount":3.0,"rejectedRecordCount":2.0}}', "") == line


def test_given_statistics_in_a_state_when_completed_then_they_are_replaced() -> None:
    line = '{"state": {"destinationStats" : {"recordCount": 9.0} , "id": 1}}'

    assert with_statistics(line, 1, 0) == (
        '{"state": {"destinationStats" : {"recordCount":1.0,"rejectedRecordCount":0.0} , "id": 1}}'
    )


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b"9" * 5_000, b'"\\ud83d"'])
def test_given_a_state_with_what_json_lacks_when_completed_then_it_stays_as_it_came(value: bytes) -> None:
    line = b'{"type":"STATE","state":{"data":{"cursor":' + value + b"}}}"

    state = read_line(b"\xef\xbb\xbf" + line + b"\r\n")

    assert isinstance(state, State)
    assert with_statistics(state.line, 1, 0).encode() == line[:-2] + (
        b',"destinationStats":{"recordCount":1.0,"rejectedRecordCount":0.0}}}'
    )


def test_given_a_line_in_two_writes_when_another_thread_writes_between_then_both_lines_are_whole() -> None:
    out = io.StringIO()
    lines = WholeLines(out)

    lines.write("first")
    other = threading.Thread(target=lambda: lines.write("second\n"))
    other.start()
    other.join()
    lines.write("\n")

    assert out.getvalue() == "second\nfirst\n"


@dataclass
class Writer:
    """Accepts rows; rejects the numbers in `bad`, and stops with `failure` after `until` rows of a batch."""

    bad: frozenset[int] = frozenset()
    failure: ConnectorError | None = None
    until: int = 10_000
    batches: list[int] = field(default_factory=list)

    def write(self, rows: Sequence[Row]) -> BatchResult:
        self.batches.append(len(rows))
        result = BatchResult(rows)
        for row in [*rows[: self.until], *rows[self.until + 1 :]]:
            result.put(Reject(row, "no") if row.number in self.bad else Written(row, "created", "id"))
        result.failure = self.failure
        return result


def message_loop(
    writer: Writer,
    send_line: Callable[[str], None],
    *,
    streams: Sequence[StreamKey] = (PEOPLE,),
    keep: Callable[[BatchResult], None] = lambda _: None,
) -> MessageLoop:
    return MessageLoop(streams, writer.write, keep, send_line, first_rows=100)


def pumped(writer: Writer, lines: Sequence[bytes]) -> list[dict[str, float]]:
    sent: list[str] = []
    try:
        message_loop(writer, sent.append, streams=[PEOPLE, MORE]).run(Incoming(lines, Stop()))
    finally:
        states = [orjson.loads(line)["state"]["destinationStats"] for line in sent]
    return states


def test_given_rows_and_states_when_pumped_then_the_first_batch_is_small_and_counts_are_since_the_last_state() -> None:
    writer = Writer(bad=frozenset({2}))
    begin = [record(), record(), record("more", "public"), state()]
    lines = [*begin, *[record()] * 97, state(), *[record()] * 700, state(), state("more", "public")]

    counts = pumped(writer, lines)

    assert [(each["recordCount"], each["rejectedRecordCount"]) for each in counts] == [
        (1, 1),
        (97, 0),
        (700, 0),
        (1, 0),
    ]
    assert writer.batches == [100, 600, 100]


def test_given_rows_without_a_state_when_pumped_then_the_first_batch_is_small_and_the_later_ones_are_not() -> None:
    writer = Writer()

    pumped(writer, [record()] * 750)

    assert writer.batches == [100, 600, 50]


def test_given_a_failure_in_a_batch_when_pumped_then_only_states_of_settled_rows_are_sent() -> None:
    writer = Writer(failure=config_error("no"), until=3)
    sent: list[str] = []

    with pytest.raises(ConnectorError, match="no"):
        message_loop(writer, sent.append).run(
            Incoming([record(), record(), state(), record(), state(), record(), state()], Stop())
        )

    assert len(sent) == 2


def test_given_an_answer_that_comes_while_rows_are_kept_when_pumped_then_no_state_covers_its_row() -> None:
    """After a stop requests under way are no longer waited for: one may still be answered."""
    writer = Writer(failure=config_error("stopped"), until=1)
    late: list[Reject] = []
    sent: list[str] = []

    def write(rows: Sequence[Row]) -> BatchResult:
        late.extend(Reject(row, "no") for row in rows[1:2])
        return writer.write(rows)

    def keep(result: BatchResult) -> None:
        while late:
            result.put(late.pop())

    with pytest.raises(ConnectorError, match="stopped"):
        MessageLoop([PEOPLE], write, keep, sent.append, first_rows=100).run(
            Incoming([record(), state(), record(), state()], Stop())
        )

    assert len(sent) == 1


def test_given_rejects_that_cannot_be_kept_when_pumped_then_no_state_is_sent() -> None:
    def keep(_: BatchResult) -> None:
        raise config_error("no room")

    sent: list[str] = []
    with pytest.raises(ConnectorError, match="no room"):
        message_loop(Writer(), sent.append, keep=keep).run(Incoming([record(), state()], Stop()))

    assert sent == []


def test_given_an_input_that_breaks_off_when_pumped_then_what_came_is_written_and_the_sync_fails() -> None:
    def lines() -> object:
        yield record()
        raise OSError("Ana Exemplo")

    writer = Writer()
    with pytest.raises(ConnectorError, match="broke off after line 1") as caught:
        message_loop(writer, lambda _: None).run(Incoming(lines(), Stop()))  # type: ignore[arg-type]

    assert writer.batches == [1]
    assert "Ana" not in str(caught.value)
