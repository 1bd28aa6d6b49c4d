"""stdin and stdout: messages in, read by a thread of its own, and messages out, a line each and nothing else.

Waiting for the next line has a time limit, so that the rows at hand can be written meanwhile.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final, Literal, TextIO, TypeAlias

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
from destination_rdstation_crm.protocol.lines import BadLineError, Message, read_line
from destination_rdstation_crm.row import StreamKey

__all__ = ["Incoming", "Next", "WholeLines", "send_line", "stream_status"]


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
