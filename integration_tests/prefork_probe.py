"""What tests have a process do: show what it has, leave traces that no other process may see, or fail."""

from __future__ import annotations

import gc
import json
import logging
import os
import random
import signal
import socket
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

__all__ = ["SECRET", "defile", "fail", "hang", "show", "wait_and_specify"]

SECRET = "um-segredo"

LOGGERS = ("", "airbyte", "airbyte.rdstation", "airbyte_cdk", "urllib3")
_kept: list[Any] = []


def show() -> None:
    """Print what this process has, by aspect."""
    from airbyte_cdk.utils import airbyte_secrets_utils  # `hang` does without: it is quick to start afresh

    chosen = [signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGCHLD]
    found = {
        "log handlers": {name: [repr(type(one)) for one in logging.getLogger(name).handlers] for name in LOGGERS},
        "log filters": {name: [repr(type(one)) for one in logging.getLogger(name).filters] for name in LOGGERS},
        "log levels": {name: logging.getLogger(name).level for name in LOGGERS},
        "secrets of the CDK's filter": airbyte_secrets_utils.filter_secrets("um-segredo-de-outrem"),
        "environment": {name: value for name, value in os.environ.items() if name.startswith("PROBE")},
        "folder": os.getcwd(),
        "arguments": sys.argv[1:],
        "open files": [os.readlink(path) for path in sorted(Path("/proc/self/fd").glob("*")) if path.exists()][3:],
        "signals": [str(signal.getsignal(number)) for number in chosen],
        "threads": threading.active_count(),
        "session": os.getsid(0) == os.getpid(),
        "collector": gc.isenabled(),
        "text streams": [sys.stdin.encoding, sys.stdout.encoding, sys.stdout.seekable(), sys.stdout.line_buffering],
        "chance": [random.random(), str(uuid.uuid4())],
    }
    print(json.dumps(found))  # noqa: T201 - stdout is its purpose


def defile() -> None:
    """Leave a trace in every aspect; exit with 3."""
    from airbyte_cdk.utils import airbyte_secrets_utils

    logging.getLogger("airbyte").addHandler(logging.NullHandler())
    logging.getLogger("airbyte").addFilter(logging.Filter("nobody"))
    logging.getLogger().setLevel(logging.CRITICAL)
    airbyte_secrets_utils.update_secrets(["um-segredo-de-outrem"])
    os.environ["PROBE_TRACE"] = "here"
    os.chdir("/")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    random.seed(1)
    gc.disable()
    _kept.append(socket.create_server(("127.0.0.1", 0)))
    sys.exit(3)


def fail() -> None:
    """Raise what the second argument names in the process of a connector whose command is the first."""
    from airbyte_rdstation.airbyte.process import connector_process
    from airbyte_rdstation.client.errors import transient_error

    command, raising = sys.argv[1:]

    def raise_unknown() -> None:
        raise KeyError(SECRET)

    with connector_process([command], lambda number: None):
        if raising == "known":
            raise transient_error("Nobody is there.")
        if raising == "unknown":
            raise_unknown()
        thread = threading.Thread(target=raise_unknown)
        thread.start()
        thread.join()


def hang() -> None:
    """Say so, and wait for a signal."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a real process may have it ignored, see prefork_server
    print("waiting", flush=True)  # noqa: T201 - stdout is its purpose
    signal.pause()


def wait_and_specify() -> None:
    """Run `spec` once stdin has ended."""
    from source_rdstation_crm.run import run

    sys.stdin.buffer.read()
    run(["spec"])
