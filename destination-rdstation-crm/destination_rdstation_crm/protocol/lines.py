"""Lines of stdin as messages: rows, states, what a source says of its streams; all else passes by. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.row import StreamKey

__all__ = ["BadLineError", "Message", "Record", "State", "StreamStatus", "read_line"]


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


class BadLineError(Exception):
    """A line that no platform should send; the text names no content."""


def read_line(line: bytes) -> Message | None:
    """The message; None for an empty line and for types that a destination has nothing to do with.

    NaN and its like, numbers beyond a float's reach and halves of surrogate pairs are read: they come from one cell,
    and cost no more than its row.
    """
    if not line.strip():
        return None
    message = _parsed(line)
    if not isinstance(message, dict):
        raise BadLineError("is no JSON object")
    kind = message.get("type")
    if kind == "RECORD":
        return _record(message)
    if kind == "STATE":
        return _state(message, line)
    return _trace(message) if kind == "TRACE" else None


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(_text(line), parse_int=_integer)
    except ValueError:
        raise BadLineError("is no valid JSON") from None
    except RecursionError:
        raise BadLineError("is nested too deeply") from None


def _text(line: bytes) -> str:
    return line.decode("utf-8-sig")  # a saved file may begin with a byte order mark


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _record(message: Mapping[str, Any]) -> Record:
    record = _object(message, "record")
    data = record.get("data")
    if not isinstance(data, dict):
        raise BadLineError("is a RECORD without `data`")
    return Record(_key(record, "stream", "RECORD"), data)


def _state(message: Mapping[str, Any], line: bytes) -> State:
    state = _object(message, "state")
    stream = state.get("stream")
    key = _key(_object(stream, "stream_descriptor"), "name", "STATE") if isinstance(stream, dict) else None
    return State(_text(line).strip(), key)


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
