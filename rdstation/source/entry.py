"""A source's console script: hands the command line to the CDK, and makes every error of ours end as its sentence."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import orjson
from airbyte_cdk.entrypoint import AirbyteEntrypoint, launch
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


def run(source: type[RdstationSource[Any]], args: list[str] | None = None) -> None:
    """Runs `spec`, `check`, `discover` or `read`; exits with 1 after an error that is no answer to `check`."""
    arguments = sys.argv[1:] if args is None else args
    gc.freeze()  # what is imported lives as long as the process: a big read is a seventh faster if nobody walks it
    try:
        launch(source(), arguments)
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


def _print(message: AirbyteMessage) -> None:
    sys.stdout.write(orjson.dumps(AirbyteMessageSerializer.dump(message)).decode() + "\n")
    sys.stdout.flush()
