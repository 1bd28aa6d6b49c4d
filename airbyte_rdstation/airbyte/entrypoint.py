"""A source's console script: the command line to the CDK, and its messages to stdout."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteMessage, ConfiguredAirbyteCatalog, ConnectorSpecification, Type
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils.memory_monitor import MemoryMonitor

from airbyte_rdstation.airbyte.files import read_catalog, read_config, read_states
from airbyte_rdstation.airbyte.process import connector_process, hide_texts_of_errors, leave_by
from airbyte_rdstation.airbyte.record_page import RecordPage
from airbyte_rdstation.airbyte.source import RdstationSource

__all__ = ["run"]

_MESSAGES_A_MEMORY_CHECK: Final = 25  # each holds a page: 5,000 records, as the CDK's
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
    with connector_process(arguments, _end), PRINT_BUFFER:
        for lines in _Entrypoint(source()).run(parsed):
            _print(lines)


def _print(lines: bytes) -> None:
    """Print lines at once, behind what other threads have logged: the CDK's buffer would copy a page three times."""
    with PRINT_BUFFER.lock:
        PRINT_BUFFER.flush()
        stdout = sys.__stdout__.buffer  # type: ignore[union-attr] # `connector_process` ends where it is closed
        stdout.write(lines)
        stdout.flush()


def _end(number: int) -> None:
    """Print what waits, as the last of the process."""
    _logger.info("Stopped by a signal (%s). The next sync goes on from the last state.", number)
    with PRINT_BUFFER.lock:  # kept: no line may follow, nor be cut
        PRINT_BUFFER.flush()
        leave_by(number)


class _Entrypoint(AirbyteEntrypoint):
    """The CDK's, without the temporary folder of its `run`, which a pod need not have and nothing here needs."""

    source: RdstationSource[Any]

    def __init__(self, source: RdstationSource[Any]) -> None:
        super().__init__(source)
        self._memory_monitor = MemoryMonitor(check_interval=_MESSAGES_A_MEMORY_CHECK)
        hide_texts_of_errors()

    def run(self, parsed_args: argparse.Namespace) -> Iterator[bytes]:  # type: ignore[override] # see `_print`
        """Yield the messages of one command, each as its line, or lines."""
        if parsed_args.debug or is_platform_debug_log_enabled():
            for logger in (self.logger, logging.getLogger("airbyte")):
                logger.setLevel(logging.DEBUG)
        try:
            yield from map(self._lines, self._messages(parsed_args))
        finally:
            yield from map(self._lines, self._emit_queued_messages(self.source))

    def read(
        self, source_spec: ConnectorSpecification, config: Any, catalog: ConfiguredAirbyteCatalog, state: list[Any]
    ) -> Iterator[AirbyteMessage]:
        """The messages of a sync, its records in pages; a state says how many records came since the one before."""
        self.set_up_secret_filter(config, source_spec.connectionSpecification)
        counted: defaultdict[HashableStreamDescriptor, float] = defaultdict(float)
        for message in self.source.read_pages(config, catalog, state):
            if isinstance(message, RecordPage):
                counted[HashableStreamDescriptor(name=message.stream, namespace=None)] += message.count
                yield message
            else:
                yield self.handle_record_counts(message, counted)
            self._memory_monitor.check_memory_usage()

    def _lines(self, message: AirbyteMessage) -> bytes:
        if isinstance(message, RecordPage):
            return message.lines
        return f"{self.airbyte_message_to_string(message)}\n".encode()

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
