"""stdin and stdout: lines as messages, read by a thread of its own, and messages out, a line each and nothing else.

Waiting for the next line has a time limit, so that the rows at hand can be written meanwhile.

A STATE goes back as it came: not one byte of it changes but what the destination has to add. The platform compares what
it sent with what comes back (its `id` above all), and a state's numbers may have more digits than a float: so the
statistics are spliced into the text, which is never written anew.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import Any, Final, Literal, TextIO, TypeAlias

from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStreamStatus,
    AirbyteStreamStatusTraceMessage,
    AirbyteTraceMessage,
    StreamDescriptor,
    TraceType,
    Type,
)

from airbyte_rdstation.airbyte.process import Stop
from airbyte_rdstation.client.errors import ConnectorError, system_error
from destination_rdstation_crm.row import StreamKey

__all__ = [
    "BadLineError",
    "Incoming",
    "Message",
    "Next",
    "Record",
    "State",
    "StreamStatus",
    "WholeLines",
    "read_line",
    "send_line",
    "stream_status",
    "with_statistics",
]


@dataclass(frozen=True)
class Record:
    """A RECORD."""

    stream: StreamKey
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class State:
    """A STATE, as it came."""

    line: str = field(repr=False)
    stream: StreamKey | None
    """None: it speaks of all streams (a global state, or one of the oldest kind)."""


@dataclass(frozen=True)
class StreamStatus:
    """What the source says of a stream."""

    stream: StreamKey
    status: str


Message: TypeAlias = "Record | State | StreamStatus"

_MOST_DIGITS: Final = 400  # longer ones are beyond a float's reach, and Python refuses to read a number of thousands

_BETWEEN: Final = " \t\n\r,:"
_decoder = json.JSONDecoder(parse_int=str)  # only places count, and Python reads no integer of thousands of digits


class BadLineError(Exception):
    """A line that no platform should send; the text names no content."""


def read_line(line: bytes) -> Message | None:
    """Read a message; None for an empty line and for types that a destination has nothing to do with.

    NaN and its like, numbers beyond a float's reach and halves of surrogate pairs are read: they come from one cell,
    and cost no more than its row. Raises BadLineError.
    """
    if not line.strip():
        return None
    try:
        text = line.decode("utf-8-sig")  # a saved file may begin with a byte order mark
        message = json.loads(text, parse_int=lambda digits: (int if len(digits) <= _MOST_DIGITS else float)(digits))
    except ValueError:
        raise BadLineError("is no valid JSON") from None
    except RecursionError:
        raise BadLineError("is nested too deeply") from None
    if not isinstance(message, dict):
        raise BadLineError("is no JSON object")
    kind = message.get("type")
    if kind == "RECORD":
        record = _object(message, "record")
        if not isinstance(record.get("data"), dict):
            raise BadLineError("is a RECORD without `data`")
        return Record(_key(record, "stream", kind), record["data"])
    if kind == "STATE":
        stream = _object(message, "state").get("stream")
        named = _object(stream, "stream_descriptor") if isinstance(stream, dict) else None
        return State(text.strip(), None if named is None else _key(named, "name", kind))
    return _trace(message) if kind == "TRACE" else None


def _trace(message: Mapping[str, Any]) -> StreamStatus | None:
    trace = _object(message, "trace")
    if trace.get("type") != "STREAM_STATUS":
        return None
    status = _object(trace, "stream_status")
    return StreamStatus(_key(_object(status, "stream_descriptor"), "name", "TRACE"), str(status.get("status")))


def _object(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = parent.get(name)
    if not isinstance(found, dict):
        raise BadLineError(f"has no object `{name}`")
    return found


def _key(parent: Mapping[str, Any], name: str, kind: str) -> StreamKey:
    stream, namespace = parent.get(name), parent.get("namespace")
    if not isinstance(stream, str) or not isinstance(namespace, (str, type(None))):
        raise BadLineError(f"is a {kind} that names no stream")
    return stream, namespace or None


def with_statistics(line: str, accepted: int, rejected: int) -> str:
    """Put `destinationStats` into the `state` of a STATE message; statistics that stand there already are replaced.

    The rows since the stream's last STATE: `accepted` are done with (written, equal already, or skipped because they
    are deleted at their source).
    """
    # The protocol's counts are floats; with a decimal point no reader takes them for anything else.
    statistics = f'{{"recordCount":{accepted}.0,"rejectedRecordCount":{rejected}.0}}'
    start, end = _members(line, line.index("{"))["state"]
    members = _members(line, start)
    if "destinationStats" in members:
        old_start, old_end = members["destinationStats"]
        return line[:old_start] + statistics + line[old_end:]
    comma = "," if members else ""
    return f'{line[: end - 1]}{comma}"destinationStats":{statistics}{line[end - 1 :]}'


def _members(text: str, brace: int) -> dict[str, tuple[int, int]]:
    """Where the values of an object's members begin and end; the object begins at `brace`, and is known to be JSON."""
    members: dict[str, tuple[int, int]] = {}
    name = None
    at = brace + 1
    while text[at] != "}":
        if text[at] in _BETWEEN:
            at += 1
            continue
        value, end = _decoder.raw_decode(text, at)  # names and values in turn
        if name is None:
            name = value
        else:
            members[name], name = (at, end), None
        at = end
    return members


Next: TypeAlias = 'Message | Literal["quiet", "end"]'

_MILLISECONDS: Final = 1_000
_MOST_WAITING: Final = 1_000  # messages read ahead; more would only fill the memory, the limit is the API's


class Incoming:
    """Reads lines in a thread, and gives their messages in order."""

    def __init__(self, lines: Iterable[bytes], stop: Stop) -> None:
        """Once `stop` is requested, no further message is given."""
        self._stop = stop
        self._queue: Queue[Message | ConnectorError | None] = Queue(_MOST_WAITING)
        stop.tell(self._wake)
        # A daemon: it may wait in a read for a line that never comes when the sync ends early.
        threading.Thread(target=self._read, args=(lines,), name="stdin", daemon=True).start()

    def next(self, seconds: float | None) -> Next:
        """Wait for the next message, or give "quiet" if none comes within `seconds`; None: wait for ever.

        Raises what is wrong with the line that is next, and StoppedError.
        """
        self._stop.check()
        try:
            item = self._queue.get(timeout=seconds)
        except Empty:
            return "quiet"
        self._stop.check()
        if item is None:
            return "end"
        if isinstance(item, ConnectorError):
            raise item
        return item

    def _wake(self) -> None:
        with suppress(Full):
            self._queue.put_nowait(None)

    def _read(self, lines: Iterable[bytes]) -> None:
        number = 0
        try:
            for line in lines:
                number += 1
                message = read_line(line)
                if message is not None:
                    self._queue.put(message)
        except BadLineError as problem:
            self._queue.put(
                system_error(f"Line {number} of the input {problem}. The platform must send one message a line.")
            )
        except Exception as error:  # noqa: BLE001 - unsaid, the sync would wait for ever
            self._queue.put(system_error(f"The input broke off after line {number} ({type(error).__name__})."))
        else:
            self._queue.put(None)


class WholeLines:
    """stdout for many threads: `print` writes a line and its end apart, and another thread's line may come between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._begun = threading.local()

    def write(self, text: str) -> int:
        """Keep the text until its line is whole."""
        whole = getattr(self._begun, "text", "") + text
        head, end, rest = whole.rpartition("\n")
        self._begun.text = rest
        if end:
            with self._lock:
                self._stream.write(head + end)
        return len(text)

    def flush(self) -> None:
        """Hand whole lines on."""
        with self._lock:
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def send_line(line: str) -> None:
    """Print a message that is text already; it has left the process when this returns."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def stream_status(stream: StreamKey, status: AirbyteStreamStatus) -> AirbyteMessage:
    """Make the TRACE that says how far a stream is."""
    name, namespace = stream
    status_message = AirbyteStreamStatusTraceMessage(StreamDescriptor(name=name, namespace=namespace), status)
    trace = AirbyteTraceMessage(TraceType.STREAM_STATUS, time.time() * _MILLISECONDS, stream_status=status_message)
    return AirbyteMessage(Type.TRACE, trace=trace)
