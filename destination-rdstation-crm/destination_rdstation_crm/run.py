"""The console script `destination-rdstation-crm`."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
import traceback
from pathlib import Path
from typing import Final, TextIO, cast

from airbyte_cdk.models import AirbyteConnectionStatus, AirbyteMessage, FailureType, Status, Type

from destination_rdstation_crm.destination import DestinationRdstationCrm
from destination_rdstation_crm.protocol.outgoing import WholeLines, send
from rdstation.errors import ConnectorError, system_error

__all__ = ["run"]

_FRAMES_TOLD: Final = 4


def run(args: list[str] | None = None) -> None:
    """Runs `spec`, `check`, `discover` or `write`; exits with 1 after an error that is no answer to `check`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the protocol's, whatever the machine's locale
    gc.freeze()  # what is imported lives as long as the process: its end comes a fifth of a second sooner
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
    except KeyboardInterrupt:
        _leave()
    except Exception as error:  # noqa: BLE001 - a mistake of ours, told without its text
        try:
            send(_mistake(error).as_airbyte_message())
        finally:  # stdout may be what is broken
            _leave()


def _mistake(error: Exception) -> ConnectorError:
    """Where it happened, and of what kind it is: its own text, and a stack's lines, may quote a row."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    where = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))
    return system_error(
        f"The connector ended in an error that it does not know: {type(error).__name__} at {where}. Please report it."
    )


def _leave() -> None:
    """With status 1 and at once: a thread may still wait for a line of stdin, or for an answer."""
    sys.stdout.flush()
    os._exit(1)


if __name__ == "__main__":
    run()
