"""Rows into batches, batches to the writer, and each STATE back once everything before it is durably written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, NamedTuple

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.protocol.stdio import Incoming, Record, State, StreamStatus, with_statistics
from destination_rdstation_crm.row import BatchResult, Outcome, Reject, Row, StreamKey

__all__ = ["MessageLoop"]

_BATCH_ROWS: Final = 600  # four look-ups of matching keys, each of them full
_STATE_ROWS: Final = 100
"""A STATE behind so many rows is not kept waiting for more of them."""
_OLDEST_ROW_SECONDS: Final = 10.0
_QUIET_SECONDS: Final = 0.1
"""After a STATE and so long a silence the platform may be waiting for the echo."""


class _WaitingState(NamedTuple):
    """A STATE that goes back once the rows of the batch that came before it are written."""

    rows_before: int
    state: State


class MessageLoop:
    """Collects rows into batches, has them written, and sends each STATE back once the rows before it are."""

    def __init__(
        self,
        streams: Iterable[StreamKey],
        write: Callable[[Sequence[Row]], BatchResult],
        keep: Callable[[BatchResult], None],
        send_line: Callable[[str], None],
        *,
        first_rows: int,
        refused_streams: Mapping[StreamKey, ConnectorError] = MappingProxyType({}),
        echoes: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`write` writes a batch; `keep` makes its rejects and results durable.

        `first_rows`: the size of the first batch: a mapping by which every row is rejected shows after so many rows.
        `refused_streams`: further ones, which may bring states and no row, each with the error that a row of it means.
        Without `echoes` no STATE goes back, since nothing is written.
        """
        self._write = write
        self._keep = keep
        self._send_line = send_line
        self._echoes = echoes
        self._clock = clock
        self._refused_streams = refused_streams
        self.received = dict.fromkeys((*streams, *refused_streams), 0)
        """Rows by stream."""
        # Rows of each stream since the last of its states that was sent back: a batch may end between two of them.
        self._accepted: Counter[StreamKey] = Counter()
        self._rejected: Counter[StreamKey] = Counter()
        self._batch_rows = first_rows
        self._rows: list[Row] = []
        self._states: list[_WaitingState] = []
        self._begun = 0.0
        self.interrupted: set[StreamKey] = set()
        """Streams that the source did not bring to their end."""

    def run(self, incoming: Incoming) -> None:
        """Read and write until the input ends; raises what ends the sync, after the states of what is written."""
        message = None
        while message != "end":
            try:
                message = incoming.next(self._seconds_to_wait())
                if isinstance(message, Record):
                    self._take(message)
                elif isinstance(message, State):
                    stream = message.stream and _known_stream(message.stream, self.received)
                    state = replace(message, stream=stream or message.stream)
                    self._states.append(_WaitingState(len(self._rows), state))
                elif isinstance(message, StreamStatus):
                    self._note(message)
            except Exception:
                self._flush()  # what came before it
                raise
            if message in ("quiet", "end") or self._seconds_to_wait() == 0:
                self._flush()

    def _take(self, record: Record) -> None:
        stream = _known_stream(record.stream, self.received)
        if stream is None:
            raise config_error(
                f"The platform sends rows of a stream that the catalog does not name: {shown(record.stream[0])}. "
                "Refresh the connection's schema."
            )
        if stream in self._refused_streams:
            raise self._refused_streams[stream]
        if not self._rows:
            self._begun = self._clock()
        self.received[stream] += 1
        self._rows.append(Row(stream, self.received[stream], record.data))

    def _note(self, status: StreamStatus) -> None:
        stream = _known_stream(status.stream, self.received)
        if stream and status.status == "INCOMPLETE":
            self.interrupted.add(stream)
        elif stream and status.status == "COMPLETE":
            self.interrupted.discard(stream)

    def _seconds_to_wait(self) -> float | None:
        """Tell how long what is there may wait for more: 0 where it is to be written now; None while there is nothing.

        A STATE without rows before it has nothing to wait for.
        """
        if not self._rows:
            return 0.0 if self._states else None
        if len(self._rows) >= (_STATE_ROWS if self._states else self._batch_rows):
            return 0.0
        remaining = max(0.0, self._begun + _OLDEST_ROW_SECONDS - self._clock())
        return min(remaining, _QUIET_SECONDS) if self._states else remaining

    def _flush(self) -> None:
        rows, states = self._rows, self._states
        self._rows, self._states, self._batch_rows = [], [], _BATCH_ROWS
        result = self._write(rows) if rows else BatchResult([])
        covered = result.covered  # first: after a stop a late answer may still come in, which nobody keeps
        self._keep(result)
        counted = 0
        for rows_before, state in states:
            self._count(covered[counted:rows_before])
            counted = rows_before
            if self._echoes and rows_before <= len(covered):
                self._send_back(state)
        self._count(covered[counted:])  # behind the last STATE: the next one tells them
        if result.failure:
            raise result.failure

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            counts = self._rejected if isinstance(outcome, Reject) else self._accepted
            counts[outcome.row.stream] += 1

    def _send_back(self, state: State) -> None:
        """Send a STATE with the counts of the rows it speaks of: one that names no stream speaks of all."""
        streams = list(self.received) if state.stream is None else [state.stream]
        accepted = sum(self._accepted.pop(stream, 0) for stream in streams)
        rejected = sum(self._rejected.pop(stream, 0) for stream in streams)
        self._send_line(with_statistics(state.line, accepted, rejected))


def _known_stream(named: StreamKey, streams: Collection[StreamKey]) -> StreamKey | None:
    """Find the catalog's stream that a message speaks of; None where it has none of that name.

    Not every platform repeats the catalog's namespace: one on one side only is no difference where the name tells the
    stream. Raises a config error where it does not.
    """
    if named in streams:
        return named
    name, namespace = named
    alike = [stream for stream in streams if stream[0] == name]
    if len(alike) == 1 and None in (namespace, alike[0][1]):
        return alike[0]
    if not alike:
        return None
    raise config_error(
        f"The platform sends messages of stream `{shown(name)}` {_placed(namespace)}, but the catalog names that "
        f"stream {' and '.join(_placed(known) for _, known in alike)}. Refresh the connection's schema, so that both "
        "name the same namespace."
    )


def _placed(namespace: str | None) -> str:
    return "without a namespace" if namespace is None else f"in the namespace `{shown(namespace)}`"
