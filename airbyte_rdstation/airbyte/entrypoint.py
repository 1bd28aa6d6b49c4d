"""A source's console script: the command line to the CDK, and its messages to stdout."""

from __future__ import annotations

import argparse
import logging
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, Final

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteMessage, Type

from airbyte_rdstation.airbyte.files import read_catalog, read_config, read_states
from airbyte_rdstation.airbyte.process import connector_process, hide_texts_of_errors, leave_by
from airbyte_rdstation.airbyte.source import RdstationSource

__all__ = ["run"]

_LINES_AT_ONCE: Final = 100
_COMMANDS: Final = "spec, check, discover or read"

_logger = logging.getLogger("airbyte.rdstation")


def run(source: type[RdstationSource[Any]], args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `read`; exit with 1 after an error that is no answer to `check`.

    After SIGTERM or SIGINT: with 143 or 130, the records and states that were read by then printed.
    """
    arguments = sys.argv[1:] if args is None else args
    parsed = AirbyteEntrypoint.parse_args(arguments)
    if not parsed.command:
        sys.stderr.write(f"Name a command: {_COMMANDS}. --help says more.\n")
        sys.exit(2)
    lines = _Lines()
    with connector_process(arguments, lines.end), PRINT_BUFFER:
        try:
            for line in _Entrypoint(source()).run(parsed):
                lines.put(line)
        finally:
            lines.write()


class _Lines:
    """stdout, written a hundred lines at a time: a lock and a write for each would take a tenth of a big read."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._due = 0.0

    def put(self, line: str) -> None:
        """Print the line, now or a tenth of a second later."""
        with self._lock:
            self._waiting.append(line + "\n")
            if len(self._waiting) >= _LINES_AT_ONCE or time.monotonic() >= self._due:
                self._write()

    def write(self) -> None:
        """Print what waits."""
        with self._lock:
            self._write()

    def end(self, number: int) -> None:
        """Print what waits, as the last of the process."""
        _logger.info("Stopped by a signal (%s). The next sync goes on from the last state.", number)
        with self._lock:  # kept: no line may follow, nor be cut
            self._write()
            PRINT_BUFFER.flush()
            leave_by(number)

    def _write(self) -> None:
        sys.stdout.write("".join(self._waiting))
        self._waiting.clear()
        self._due = time.monotonic() + PRINT_BUFFER.flush_interval


class _Entrypoint(AirbyteEntrypoint):
    """The CDK's, without the temporary folder of its `run`, which a pod need not have and nothing here needs."""

    def __init__(self, source: RdstationSource[Any]) -> None:
        super().__init__(source)
        hide_texts_of_errors()

    def run(self, parsed_args: argparse.Namespace) -> Iterator[str]:
        """The messages of one command, as lines."""
        if parsed_args.debug or is_platform_debug_log_enabled():
            for logger in (self.logger, logging.getLogger("airbyte")):
                logger.setLevel(logging.DEBUG)
        try:
            yield from map(self.airbyte_message_to_string, self._messages(parsed_args))
        finally:
            yield from map(self.airbyte_message_to_string, self._emit_queued_messages(self.source))

    def _messages(self, parsed_args: argparse.Namespace) -> Iterator[AirbyteMessage]:
        spec = self.source.spec(self.logger)
        if parsed_args.command == "spec":
            yield AirbyteMessage(Type.SPEC, spec=spec)
            return
        config = self.source.configure(read_config(parsed_args.config), "")
        if parsed_args.command == "check":
            yield from self.check(spec, config)
        elif parsed_args.command == "discover":
            yield from self.discover(spec, config)
        else:
            catalog = read_catalog(parsed_args.catalog)
            yield from self.read(spec, config, catalog, read_states(parsed_args.state))
