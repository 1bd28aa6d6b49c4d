"""A source's console script: hands the command line to the CDK, and makes every error of ours end as its sentence."""

from __future__ import annotations

import gc
import os
import sys
import time
from typing import Any, Final

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.logger import PRINT_BUFFER
from airbyte_cdk.models import (
    AirbyteConnectionStatus,
    AirbyteMessage,
    AirbyteMessageSerializer,
    FailureType,
    Status,
    Type,
)

from rdstation.errors import ConnectorError
from rdstation.source.base import RdstationSource

__all__ = ["run"]

_LINES_AT_ONCE: Final = 100


def run(source: type[RdstationSource[Any]], args: list[str] | None = None) -> None:
    """Runs `spec`, `check`, `discover` or `read`; exits with 1 after an error that is no answer to `check`."""
    arguments = sys.argv[1:] if args is None else args
    gc.freeze()  # what is imported lives as long as the process: a big read is a seventh faster if nobody walks it
    try:
        _launch(source(), arguments)
    except ConnectorError as error:
        is_check = AirbyteEntrypoint.parse_args(arguments).command == "check"
        if is_check and error.failure_type == FailureType.config_error:
            _print(
                AirbyteMessage(
                    Type.CONNECTION_STATUS, connectionStatus=AirbyteConnectionStatus(Status.FAILED, error.message)
                )
            )
            return
        _print(error.as_airbyte_message())
        sys.exit(1)
    except (Exception, KeyboardInterrupt):  # noqa: BLE001 - told by the CDK's hook
        # Also a closed pipe, or Ctrl-C: the readers' threads wait for a queue that nobody empties any more, and an
        # ordinary exit would wait for them for ever.
        try:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(1)


def _launch(source: RdstationSource[Any], arguments: list[str]) -> None:
    """The CDK's `launch`, but for its taking a lock for each line: a hundred are printed at once."""
    entrypoint = AirbyteEntrypoint(source)
    lines: list[str] = []
    due = 0.0
    with PRINT_BUFFER:
        try:
            for line in entrypoint.run(entrypoint.parse_args(arguments)):
                lines.append(line + "\n")
                if len(lines) >= _LINES_AT_ONCE or time.monotonic() >= due:
                    sys.stdout.write("".join(lines))
                    lines.clear()
                    due = time.monotonic() + PRINT_BUFFER.flush_interval
        finally:
            sys.stdout.write("".join(lines))


def _print(message: AirbyteMessage) -> None:
    sys.stdout.write(orjson.dumps(AirbyteMessageSerializer.dump(message)).decode() + "\n")
    sys.stdout.flush()
