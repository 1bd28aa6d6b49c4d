"""From the rows of a page to the lines that leave the process: normalized, serialized, queued.

Records agree with their stream's JSON schema: strict on output where the API is loose. Date-times leave as RFC 3339
UTC, dates as `YYYY-MM-DD`, numbers as numbers, inside objects and lists as well; an empty text in their place is null.
All else passes untouched, unknown fields too. Facts: docs/api/crm-v2.md#data-quirks; docs/api/crm-v1.md#basics and
#data-quirks; docs/api/conversas.md#contacts to #message-history.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from queue import Queue
from typing import Any, Final, TypeAlias, TypeVar

import orjson
from airbyte_cdk.models import AirbyteMessage, AirbyteMessageSerializer, Type
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.types import QueueItem
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import system_error, unknown_error
from airbyte_rdstation.client.json_text import as_text
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import normalize_date, normalize_instant
from airbyte_rdstation.pagination.listing import PageRefusedError, PaginationError

__all__ = ["Normalizer", "RecordPage", "RecordPartition", "StreamQueue"]

_logger = logging.getLogger("airbyte.rdstation")

T = TypeVar("T")
_Conversion: TypeAlias = tuple[tuple[type, ...], Callable[[Any], Any]]
"""Values of which types are right as they are, null among them; and what converts any other."""


class Normalizer:
    """Converts the values of one kind of object in place; touches only the fields that need it."""

    def __init__(
        self,
        stream: str,
        schema: Mapping[str, Any],
        *,
        lenient: bool = False,
        path: str = "",
        complained: set[str] | None = None,
    ) -> None:
        """Prepare the conversions of a schema: of a stream's records, or at a `path` (`stage.`) inside of them.

        `lenient` is for an API whose types nobody documents: a value of another type than the schema's is rewritten,
        not passed on. A text takes any value as JSON, a boolean takes `"true"` and `1`, an object becomes
        `{"value": …}`, a list gets one item. What fits no boolean is null. `complained` holds the paths warned of.
        """
        self._stream = stream
        self._lenient = lenient
        self._complained = set() if complained is None else complained
        self.fields = [
            (name, f"{path}{name}", *conversion)
            for name, field in schema.get("properties", {}).items()
            if (conversion := self._conversion(field, f"{path}{name}.")) is not None
        ]

    def __call__(self, row: T) -> T:
        """Return the same object, normalized. What cannot be read becomes null, with one warning a field and stream."""
        if not isinstance(row, dict):
            return row  # a list where the schema has an object, say: the account's own form passes
        for name, path, right, convert in self.fields:
            value = row.get(name)
            if type(value) not in right:
                try:
                    row[name] = convert(value)
                except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
                    row[name] = None
                    if value != "" and path not in self._complained:
                        self._complained.add(path)
                        _logger.warning("%s: a value of %s cannot be read and becomes null.", self._stream, path)
        return row

    def _conversion(self, field: Mapping[str, Any], path: str) -> _Conversion | None:
        """Return what converts a field's values; None where none of them needs it."""
        kinds = [kind for kind in field["type"] if kind != "null"]
        if len(kinds) != 1:
            return None
        kind = kinds[0]
        conversion: _Conversion | None = None
        if kind == "object":
            inner = Normalizer(self._stream, field, lenient=self._lenient, path=path, complained=self._complained)
            conversion = (_NULL, inner) if inner.fields else None
        elif kind == "array":
            of_item = self._conversion(field["items"], path) if field.get("items") else None
            conversion = (_NULL, partial(_each, of_item)) if of_item else None
        else:
            conversion = _CONVERSIONS.get(field.get("format", "") if kind == "string" else kind)
        if not self._lenient or kind not in _REWRITES:
            return conversion
        right, rewrite = _REWRITES[kind]
        return (_NULL, partial(_rewritten, rewrite, conversion[1])) if conversion else (right, rewrite)


def _each(of_item: _Conversion, items: Any) -> Any:
    right, convert = of_item
    return [item if type(item) in right else convert(item) for item in items] if isinstance(items, list) else items


def _rewritten(rewrite: Callable[[Any], Any], convert: Callable[[Any], Any], value: Any) -> Any:
    return None if (rewritten := rewrite(value)) is None else convert(rewritten)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("no finite number")
    return number


def _integer(value: Any) -> int:
    number = _number(value)
    if not number.is_integer():
        raise ValueError("no whole number")
    return int(number)


_NULL: Final = (type(None),)
_CONVERSIONS: Final[Mapping[str, _Conversion]] = {
    "date-time": (_NULL, normalize_instant),
    "date": (_NULL, normalize_date),
    "number": ((*_NULL, float, int), _number),
    "integer": ((*_NULL, int), _integer),
}
"""By the format of a text, or the type of what is none."""

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


def _boolean(value: Any) -> bool | None:
    return _BOOLEANS.get(as_text(value).lower())


def _object(value: Any) -> dict[str, Any] | None:
    if isinstance(value, dict):
        return value
    return None if value in ("", [], False) else {"value": value}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value == "" else [value]


_REWRITES: Final[Mapping[str, _Conversion]] = {
    "string": ((*_NULL, str), as_text),
    "boolean": ((*_NULL, bool), _boolean),
    "object": ((*_NULL, dict), _object),
    "array": ((*_NULL, list), _list),
}
"""What a lenient reading does first, by the declared type."""


class RecordPage(AirbyteMessage):
    """The RECORD messages of a page, in order, as the CDK's queue takes a message: `type` is RECORD, `record` empty.

    The CDK would make, queue, count, serialize and print each by itself, all under one interpreter lock.
    """

    def __init__(self, stream: str, rows: Iterable[Row]) -> None:
        super().__init__(type=Type.RECORD)
        before = b'{"type":"RECORD","record":{"stream":%b,"data":' % orjson.dumps(stream)
        after = b',"emitted_at":%d}}\n' % (time.time_ns() // 1_000_000)
        lines: list[bytes] = []
        for row in rows:
            try:
                data = orjson.dumps(row)
            except TypeError:  # an integer of more than 64 bits
                data = json.dumps(row).encode()
            lines += (before, data, after)
        self.stream = stream
        self.count = len(lines) // 3
        self.lines = b"".join(lines)
        """A line a record, `{"type":"RECORD","record":{"stream":"deals","data":{…},"emitted_at":1788220800000}}`.

        Nulls are in it: a field that was cleared looks different from one that never was.
        """

    def messages(self) -> Iterator[AirbyteMessage]:
        """Yield the records as the CDK's messages, for whoever wants them one by one."""
        for line in self.lines.splitlines():
            yield AirbyteMessageSerializer.load(orjson.loads(line))


class RecordPartition(Partition):
    """One part of a stream: a pipeline, a deal, a time range, a window of time, or the whole list."""

    def __init__(
        self, context: StreamContext, covered: Mapping[str, Any], read: Callable[[], Iterable[Iterable[Row]]]
    ) -> None:
        """`read` gives the rows, page by page, before they are normalized; `covered` is for the debug log."""
        self._stream = context.name
        self._progress = context.progress
        self._normalize = context.normalize
        self._covered = covered
        self._read = read

    def read(self) -> Iterable[Any]:
        """Yield the records, a RecordPage for each page that has any."""
        for rows in self._read():
            page = RecordPage(self._stream, map(self._normalize, rows))
            self._progress.records += page.count
            if page.count:
                yield page

    def to_slice(self) -> Mapping[str, Any]:
        """Return what it covers, for the debug log: `{"deal_id": "…"}`."""
        return self._covered

    def stream_name(self) -> str:
        """Return the stream's name."""
        return self._stream

    def __hash__(self) -> int:
        return id(self)


class StreamQueue(Queue[QueueItem]):
    """What readers hand over to the thread that prints. An error enters it as one that names its stream.

    What nobody knows enters as its kind and place: the CDK would print it.
    """

    def put(self, item: QueueItem, block: bool = True, timeout: float | None = None) -> None:
        """See `queue.Queue.put`."""
        if isinstance(item, StreamThreadException):
            item = StreamThreadException(_error_of_stream(item.exception, item.stream_name), item.stream_name)
        super().put(item, block, timeout)


def _error_of_stream(error: Exception, stream: str) -> AirbyteTracedException:
    if isinstance(error, PageRefusedError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, PaginationError):
        return system_error(f"{stream}: {error}")
    return error if isinstance(error, AirbyteTracedException) else unknown_error(error, f"{stream}: reading")
