"""The console script `destination-rdstation-crm`."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from typing import TextIO, cast

from airbyte_cdk.exception_handler import init_uncaught_exception_handler
from airbyte_cdk.models import AirbyteConnectionStatus, AirbyteMessage, FailureType, Status, Type

from destination_rdstation_crm.destination import DestinationRdstationCrm
from destination_rdstation_crm.protocol.outgoing import WholeLines, send
from rdstation.errors import ConnectorError

__all__ = ["run"]


def run(args: list[str] | None = None) -> None:
    """Runs `spec`, `check`, `discover` or `write`; exits with 1 after an error that is no answer to `check`."""
    init_uncaught_exception_handler(logging.getLogger("airbyte"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the protocol's, whatever the machine's locale
    with contextlib.redirect_stdout(cast("TextIO", WholeLines(sys.stdout))):
        _run(args)


def _run(args: list[str] | None) -> None:
    destination = DestinationRdstationCrm()
    arguments = destination.parse_args(sys.argv[1:] if args is None else args)
    try:
        for message in destination.run_cmd(arguments):
            send(message)
    except ConnectorError as error:
        if arguments.command == "check" and error.failure_type == FailureType.config_error:
            failed = AirbyteConnectionStatus(Status.FAILED, error.message)
            send(AirbyteMessage(Type.CONNECTION_STATUS, connectionStatus=failed))
            return
        send(error.as_airbyte_message())
        _leave()
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - told by the CDK's hook
        try:
            sys.excepthook(*sys.exc_info())
        finally:
            _leave()


def _leave() -> None:
    """With status 1 and at once: a thread may still wait for a line of stdin, or for an answer."""
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    run()
