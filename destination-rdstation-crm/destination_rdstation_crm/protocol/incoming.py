"""stdin, read by a thread of its own: who waits for the next line can give up waiting and write what is there."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Final, Literal, TypeAlias

from airbyte_rdstation.airbyte.stop import Stop
from airbyte_rdstation.client.errors import ConnectorError, system_error
from destination_rdstation_crm.protocol.lines import BadLineError, Message, read_line

__all__ = ["Incoming", "Next"]

Next: TypeAlias = 'Message | Literal["quiet", "end"]'

_MOST_WAITING: Final = 1_000  # messages read ahead; more would only fill the memory, the limit is the API's


class Incoming:
    """Messages in the order of their arrival."""

    def __init__(self, lines: Iterable[bytes], stop: Stop) -> None:
        """Once `stop` is requested, no further message is given."""
        self._stop = stop
        self._queue: Queue[Message | ConnectorError | None] = Queue(_MOST_WAITING)
        stop.tell(self._wake)
        # A daemon: it may wait in a read for a line that never comes when the sync ends early.
        threading.Thread(target=self._read, args=(lines,), name="stdin", daemon=True).start()

    def next(self, seconds: float | None) -> Next:
        """The next message, or "quiet" if none comes in time.

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
