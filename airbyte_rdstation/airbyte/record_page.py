"""A page of records as one message: the thread that read it makes its lines, which leave the process as they are."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteMessageSerializer, AirbyteStreamStatus, Type
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from airbyte_rdstation.client.responses import Row

__all__ = ["RecordPage", "with_progress"]

_ENDS: Final = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)

_logger = logging.getLogger("airbyte.rdstation")


class RecordPage(AirbyteMessage):
    """The RECORD messages of a page, in order, as the CDK's queue takes a message: `type` is RECORD, `record` empty.

    The CDK would make, queue, count, serialize and print each by itself, all under one interpreter lock.
    """

    def __init__(self, stream: str, rows: Iterable[Row]) -> None:
        super().__init__(type=Type.RECORD)
        before = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)
        after = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
        lines = [b"%b%b%b" % (before, _json(row), after) for row in rows]
        self.stream = stream
        self.count = len(lines)
        self.lines = b"".join(lines)
        """A line a record, `{"type":"RECORD","record":{"stream":"deals","data":{…},"emitted_at":1788220800000}}`.

        Nulls are in it: a field that was cleared looks different from one that never was.
        """

    def messages(self) -> Iterator[AirbyteMessage]:
        """Yield the records as the CDK's messages, for whoever wants them one by one."""
        for line in self.lines.splitlines():
            yield AirbyteMessageSerializer.load(orjson.loads(line))


def with_progress(messages: Iterable[AirbyteMessage], streams: Sequence[AbstractStream]) -> Iterator[AirbyteMessage]:
    """Yield the messages, RUNNING before a stream's first page; log how many records a stream gave at its end."""
    described = {stream.name: stream.as_airbyte_stream() for stream in streams}
    read = dict.fromkeys(described, 0)
    for message in messages:
        status = message.trace.stream_status if message.type == Type.TRACE and message.trace else None
        if isinstance(message, RecordPage):
            if not read[message.stream]:
                yield as_airbyte_message(described[message.stream], AirbyteStreamStatus.RUNNING)
            read[message.stream] += message.count
        elif status and status.status in _ENDS:
            name = status.stream_descriptor.name
            _logger.info("Read %s records from %s stream", read[name], name)
        yield message


def _json(row: Row) -> bytes:
    try:
        return orjson.dumps(row)
    except TypeError:  # an integer of more than 64 bits
        return json.dumps(row).encode()
