"""Lines of stdin as messages, and a STATE's line on its way back. Pure.

A STATE goes back as it came: not one byte of it changes but what the destination has to add. The platform compares what
it sent with what comes back (its `id` above all), and a state's numbers may have more digits than a float: so the
statistics are spliced into the text, which is never written anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.row import StreamKey

__all__ = ["BadLineError", "Counts", "Message", "Record", "State", "StreamStatus", "read_line", "with_statistics"]


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
        return _record(message)
    if kind == "STATE":
        return _state(message, text)
    return _trace(message) if kind == "TRACE" else None


def _record(message: Mapping[str, Any]) -> Record:
    record = _object(message, "record")
    data = record.get("data")
    if not isinstance(data, dict):
        raise BadLineError("is a RECORD without `data`")
    return Record(_key(record, "stream", "RECORD"), data)


def _state(message: Mapping[str, Any], text: str) -> State:
    state = _object(message, "state")
    stream = state.get("stream")
    key = _key(_object(stream, "stream_descriptor"), "name", "STATE") if isinstance(stream, dict) else None
    return State(text.strip(), key)


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


@dataclass
class Counts:
    """What a STATE says of the rows since the one before it."""

    accepted: int = 0
    """Rows that are done with: written, equal already, or skipped because they are deleted at their source."""
    rejected: int = 0


def with_statistics(line: str, counts: Counts) -> str:
    """Put `destinationStats` into the `state` of a STATE message; statistics that stand there already are replaced."""
    # The protocol's counts are floats; with a decimal point no reader takes them for anything else.
    statistics = f'{{"recordCount":{counts.accepted}.0,"rejectedRecordCount":{counts.rejected}.0}}'
    start, end = _members(line, _skip_space(line, 0))["state"]
    members = _members(line, start)
    if "destinationStats" in members:
        old_start, old_end = members["destinationStats"]
        return line[:old_start] + statistics + line[old_end:]
    comma = "," if members else ""
    return f'{line[: end - 1]}{comma}"destinationStats":{statistics}{line[end - 1 :]}'


def _members(text: str, brace: int) -> dict[str, tuple[int, int]]:
    """Where the values of an object's members begin and end; the object begins at `brace`, and is known to be JSON."""
    members: dict[str, tuple[int, int]] = {}
    at = _skip_space(text, brace + 1)
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)  # past the colon
        _, end = _decoder.raw_decode(text, start)
        members[name] = start, end
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)
    return members


def _skip_space(text: str, at: int) -> int:
    while text[at] in " \t\n\r":
        at += 1
    return at
