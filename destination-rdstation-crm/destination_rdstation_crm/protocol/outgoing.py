"""stdout: Airbyte's messages, a line each, and nothing else."""

from __future__ import annotations

import sys
import threading
import time
from typing import Final, TextIO

import orjson
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteMessageSerializer,
    AirbyteStreamStatus,
    AirbyteStreamStatusTraceMessage,
    AirbyteTraceMessage,
    StreamDescriptor,
    TraceType,
    Type,
)

from destination_rdstation_crm.row import StreamKey

__all__ = ["WholeLines", "send", "send_line", "stream_status"]

_MILLISECONDS: Final = 1_000


class WholeLines:
    """stdout for many threads: `print` writes a line and its end apart, and another thread's line may come between."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._begun = threading.local()

    def write(self, text: str) -> int:
        """Keeps the text until its line is whole."""
        whole = getattr(self._begun, "text", "") + text
        head, end, rest = whole.rpartition("\n")
        self._begun.text = rest
        if end:
            with self._lock:
                self._stream.write(head + end)
        return len(text)

    def flush(self) -> None:
        """Hands whole lines on."""
        with self._lock:
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def send(message: AirbyteMessage) -> None:
    """Prints a message."""
    send_line(orjson.dumps(AirbyteMessageSerializer.dump(message)).decode())


def send_line(line: str) -> None:
    """Prints a message that is text already; it has left the process when this returns."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def stream_status(stream: StreamKey, status: AirbyteStreamStatus) -> AirbyteMessage:
    """The TRACE that says how far a stream is."""
    name, namespace = stream
    told = AirbyteStreamStatusTraceMessage(StreamDescriptor(name=name, namespace=namespace), status)
    trace = AirbyteTraceMessage(TraceType.STREAM_STATUS, time.time() * _MILLISECONDS, stream_status=told)
    return AirbyteMessage(Type.TRACE, trace=trace)
