"""A source's console script: the command line to the CDK, and its messages to stdout."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from functools import partial
from typing import Any, Final

from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER, is_platform_debug_log_enabled
from airbyte_cdk.models import AirbyteMessage, Type
from airbyte_cdk.utils.memory_monitor import MemoryMonitor

from airbyte_rdstation.airbyte.process import (
    CATALOG,
    CONFIGURATION,
    STATES,
    connector_process,
    hide_texts_of_errors,
    leave_by,
)
from airbyte_rdstation.airbyte.records import RecordPage
from airbyte_rdstation.airbyte.source import RdstationSource
from airbyte_rdstation.client.oauth import finish_renewal

__all__ = ["run"]

_MESSAGES_A_MEMORY_CHECK: Final = 25  # each holds a page: 5,000 records, as the CDK's

_logger = logging.getLogger("airbyte.rdstation")


def run(source: type[RdstationSource[Any]], args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `read`; exit with 1 after an error that is no answer to `check`.

    After SIGTERM or SIGINT `read` exits with 143 or 130, the records and states that were read by then printed; the
    others die of SIGTERM.
    """
    arguments = list(sys.argv[1:] if args is None else args)
    if arguments[:1] == ["--"]:  # some runners end the options of their container engine so, which hands it on
        del arguments[0]
    parsed = AirbyteEntrypoint.parse_args(arguments)
    if not parsed.command:
        with redirect_stdout(sys.stderr), suppress(SystemExit):
            AirbyteEntrypoint.parse_args(["--help"])  # the CDK makes its parser anew each time, and keeps none
        sys.exit(2)
    with connector_process(arguments, partial(_end, parsed.command)), PRINT_BUFFER:
        entrypoint = _Entrypoint(source())
        hide_texts_of_errors()  # the CDK's shows them
        for message in entrypoint.run(parsed):
            _print(message)


def _print(message: AirbyteMessage) -> None:
    """Print a message, behind what other threads have logged; at once, as the CDK's buffer would copy a page thrice."""
    if isinstance(message, RecordPage):
        lines = message.lines
    else:
        lines = f"{AirbyteEntrypoint.airbyte_message_to_string(message)}\n".encode()
    with PRINT_BUFFER.lock:
        PRINT_BUFFER.flush()
        stdout = sys.__stdout__.buffer  # type: ignore[union-attr] # `connector_process` ends where it is closed
        stdout.write(lines)
        stdout.flush()


def _end(command: str, number: int) -> None:
    """Print what waits, as the last of the process."""
    finish_renewal()  # before: it prints, too
    is_read = command == "read"
    if is_read:
        _logger.info("Stopped by a signal (%s). The next sync goes on from the last state.", number)
    with PRINT_BUFFER.lock:  # kept: no line may follow, nor be cut
        PRINT_BUFFER.flush()
        leave_by(number, keeps_nothing=not is_read)


class _Entrypoint(AirbyteEntrypoint):
    """The CDK's, without the temporary folder of its `run`, which a pod need not have and nothing here needs."""

    source: RdstationSource[Any]

    def run(self, parsed_args: argparse.Namespace) -> Iterator[AirbyteMessage]:  # type: ignore[override] # see `_print`
        """Yield the messages of one command."""
        if parsed_args.debug or is_platform_debug_log_enabled():
            for logger in (self.logger, logging.getLogger("airbyte")):
                logger.setLevel(logging.DEBUG)
        spec = self.source.spec(self.logger)
        try:
            if parsed_args.command == "spec":
                yield AirbyteMessage(Type.SPEC, spec=spec)
                return
            config = self.source.configure(CONFIGURATION.read(parsed_args.config), "")
            if parsed_args.command == "check":
                yield from self.check(spec, config)
            elif parsed_args.command == "discover":
                yield from self.discover(spec, config)
            else:
                self.set_up_secret_filter(config, spec.connectionSpecification)
                catalog = CATALOG.read(parsed_args.catalog)
                states = STATES.read(parsed_args.state) if parsed_args.state else []
                monitor = MemoryMonitor(check_interval=_MESSAGES_A_MEMORY_CHECK)
                for message in self.source.read_pages(config, catalog, states):
                    yield message
                    monitor.check_memory_usage()
        finally:
            yield from self._emit_queued_messages(self.source)
