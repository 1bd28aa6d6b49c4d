"""What one run of the connector printed, as messages: records by stream, states, errors, CONTROL messages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["Line", "Message", "Run", "state_stream", "status_of"]

Message = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of stdout; records stay unparsed until somebody asks, so that big reads stay small."""

    at: float  # time.monotonic() at its arrival, comparable with `arrived_monotonic` of the emulator's log
    text: bytes

    @property
    def is_record(self) -> bool:
        """Whether it is a RECORD message."""
        return self.text.startswith(b'{"type":"RECORD"')

    @property
    def message(self) -> Message:
        """The message; raises where stdout carries anything else."""
        parsed: Message = orjson.loads(self.text)
        return parsed


@dataclass
class Run:
    """What one run of the connector left behind."""

    lines: list[Line] = field(default_factory=list)
    stderr: str = ""
    exit_code: int = 0
    peak_bytes: int = 0
    seconds: float = 0.0

    @property
    def stdout(self) -> str:
        """All of stdout."""
        return b"\n".join(line.text for line in self.lines).decode()

    @property
    def messages(self) -> list[Message]:
        """Every message but records, in order."""
        return [line.message for line in self.lines if not line.is_record]

    def of_type(self, kind: str) -> list[Message]:
        """Messages of one type, each without its envelope."""
        key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[key] for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[dict[str, Any]]:
        """The stream's records in order of arrival."""
        start = f'{{"type":"RECORD","record":{{"stream":"{stream}",'.encode()
        return [line.message["record"]["data"] for line in self.lines if line.text.startswith(start)]

    def ids(self, stream: str) -> set[str]:
        """The ids of the stream's records."""
        return {record["id"] for record in self.records(stream)}

    def committed_ids(self, stream: str) -> set[str]:
        """Ids of the records before the stream's last STATE: all that a platform is bound to keep of a broken run."""
        arrived: set[str] = set()
        committed: set[str] = set()
        record = f'{{"type":"RECORD","record":{{"stream":"{stream}",'.encode()
        for line in self.lines:
            if line.text.startswith(record):
                arrived.add(line.message["record"]["data"]["id"])
            elif line.text.startswith(b'{"type":"STATE"') and state_stream(line.message) == stream:
                committed |= arrived
        return committed

    @property
    def states(self) -> list[Message]:
        """The last STATE of each stream: what the platform feeds to the next run."""
        last = {state["stream"]["stream_descriptor"]["name"]: state for state in self.of_type("STATE")}
        return list(last.values())

    def states_of(self, stream: str) -> list[dict[str, Any]]:
        """The stream's states in order."""
        return [
            state["stream"]["stream_state"]
            for state in self.of_type("STATE")
            if state["stream"]["stream_descriptor"]["name"] == stream
        ]

    @property
    def errors(self) -> list[Message]:
        """The TRACE messages that tell an error, each as its `error` with the `stream` it names (or None)."""
        found = [trace["error"] for trace in self.of_type("TRACE") if trace["type"] == "ERROR"]
        return [{**error, "stream": (error.get("stream_descriptor") or {}).get("name")} for error in found]

    def error_of(self, stream: str) -> Message:
        """The one error that names the stream."""
        (error,) = [error for error in self.errors if error["stream"] == stream]
        return error

    @property
    def outcomes(self) -> dict[str, str]:
        """The last status of each stream: STARTED, RUNNING, COMPLETE or INCOMPLETE."""
        traces = [trace["stream_status"] for trace in self.of_type("TRACE") if trace["type"] == "STREAM_STATUS"]
        return {trace["stream_descriptor"]["name"]: trace["status"] for trace in traces}

    def log_lines(self, level: str) -> list[str]:
        """The texts of the LOG messages of one level, in order."""
        return [log["message"] for log in self.of_type("LOG") if log["level"] == level]

    @property
    def controls(self) -> list[tuple[float, dict[str, Any]]]:
        """Arrival and configuration of each CONTROL message."""
        return [
            (line.at, line.message["control"]["connectorConfig"]["config"])
            for line in self.lines
            if line.text.startswith(b'{"type":"CONTROL"')
        ]

    @property
    def log(self) -> str:
        """What a person who looks for the cause of a failed test wants to see."""
        shown = [line.text.decode()[:600] for line in self.lines if not line.is_record]
        return "\n".join([*shown[-25:], self.stderr[-3000:], f"exit code {self.exit_code}"])


def status_of(run: Run) -> tuple[str, str]:
    """Status and sentence of a `check`."""
    (status,) = run.of_type("CONNECTION_STATUS")
    return status["status"], status.get("message") or ""


def state_stream(message: Message) -> str:
    """The stream that a STATE message is about."""
    name: str = message["state"]["stream"]["stream_descriptor"]["name"]
    return name
