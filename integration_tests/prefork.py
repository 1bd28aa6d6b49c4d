"""Starts connectors and emulators as processes that need not import anything: each is forked from one that has.

    process = prefork.start("source-rdstation-crm", ["spec"], stderr=errors)   # used like a subprocess.Popen
    process.stdout.read(), process.wait()

A server (prefork_server.py) has imported the three connectors and the emulator, and forks for each run. One serves a
whole test session: pytest's workers `join` that of the process that started them. Alone, a process starts one when it
needs it.

Where the platform cannot do that, the real command runs instead.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO, Final, TypeAlias

__all__ = [
    "Forked",
    "Process",
    "call",
    "can_fork",
    "command_of",
    "emulator",
    "fork",
    "join",
    "modules",
    "serving",
    "start",
]

CONNECTORS: Final = ("source-rdstation-crm", "source-rdstation-conversas", "destination-rdstation-crm")
EMULATOR: Final = "emulator"
IMPORTED_BY_RUNS: Final = (
    "airbyte_rdstation.airbyte.entrypoint",
    "source_rdstation_crm.source",
    "source_rdstation_conversas.source",
    "destination_rdstation_crm.destination",
    "destination_rdstation_crm.protocol.stdio",
)
MADE_ONCE: Final = "emulator.conversas.sealing:make_keys"  # a tenth of a second for each account otherwise
CALL_MAY_TAKE_S: Final = 120
SERVER: Final = Path(__file__).with_name("prefork_server.py")
READ_BY_THE_INTERPRETER: Final = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")
"""Environment variables that count when a process starts, not when it runs: who changes them gets a real process."""


class Forked:
    """A run, with what `subprocess.Popen` offers of it. Safe to share among threads."""

    def __init__(self, pid: int, status: Connection, stdin: IO[bytes] | None, stdout: IO[bytes]) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout: IO[bytes] | None = stdout
        self.returncode: int | None = None
        self.peak_bytes = 0
        """Memory at its peak, that shared with the server included; known once it has ended."""
        self._status = status
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended; raises TimeoutExpired after `timeout` seconds."""
        if self.returncode is None and not self._status.poll(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        with self._lock:
            if self.returncode is None:
                self.returncode, self.peak_bytes = self._status.recv()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


Process: TypeAlias = "subprocess.Popen[bytes] | Forked"


def start(
    name: str,
    arguments: Sequence[str],
    *,
    stderr: IO[bytes] | None = None,
    takes_stdin: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Process:
    """Start a connector's console script or the emulator, in a session of its own; stdout is a pipe.

    stdin is a pipe if `takes_stdin`, else empty; stderr is this process's own unless given.
    """
    environ = {**os.environ} if environment is None else {**environment}
    if can_fork() and _startup(environ) == _startup(os.environ):
        function = "main" if name == EMULATOR else "run"
        argv = [command_of(name)[-1], *arguments]
        return fork(_module_of(name), function, argv, stderr=stderr, takes_stdin=takes_stdin, environment=environ)
    return subprocess.Popen(
        [*command_of(name), *arguments],
        stdin=subprocess.PIPE if takes_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env=environ,
        start_new_session=True,
    )


def call(module: str, function: str, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Call a function of a module in a process of its own, with `argv` as its command line, and await its end."""
    with tempfile.TemporaryFile() as errors:
        if can_fork():
            process: Process = fork(module, function, argv, stderr=errors)
        else:
            program = f"import sys; from {module} import {function}; sys.argv = {list(argv)!r}; {function}()"
            process = subprocess.Popen(
                [sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        assert process.stdout is not None
        with process.stdout as stdout:
            printed = stdout.read().decode()
        code = process.wait(CALL_MAY_TAKE_S)
        errors.seek(0)
        return subprocess.CompletedProcess(list(argv), code, printed, errors.read().decode())


def fork(
    module: str,
    function: str,
    argv: Sequence[str],
    *,
    stderr: IO[bytes] | None = None,
    takes_stdin: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Forked:
    """Fork a process that calls a function of a module, with `argv` as its command line; see `start`."""
    given, theirs_in = os.pipe()[::-1] if takes_stdin else (None, os.open(os.devnull, os.O_RDONLY))
    out, theirs_out = os.pipe()
    status, theirs_status = Pipe(duplex=False)
    errors = (stderr or sys.__stderr__ or sys.stderr).fileno()
    request = {
        "module": module,
        "function": function,
        "argv": list(argv),
        "environ": dict(os.environ if environment is None else environment),
        "folder": str(Path.cwd()),
    }
    try:
        socket.send_fds(
            _server(), [json.dumps(request).encode()], [theirs_in, theirs_out, errors, theirs_status.fileno()]
        )
    finally:
        os.close(theirs_in)
        os.close(theirs_out)
        theirs_status.close()
    stdin = None if given is None else os.fdopen(given, "wb")
    return Forked(int(status.recv()), status, stdin, os.fdopen(out, "rb"))


def emulator(arguments: Sequence[str]) -> Process:
    """Start the emulator: `Emulator(start=prefork.emulator)`."""
    return start(EMULATOR, arguments)


def command_of(name: str) -> list[str]:
    """The command as a user types it; in an environment without the script, the module behind it."""
    script = Path(sys.executable).with_name(name)
    return [str(script)] if script.exists() else [sys.executable, "-m", _module_of(name).removesuffix(".__main__")]


def _module_of(name: str) -> str:
    return "emulator.__main__" if name == EMULATOR else f"{name.replace('-', '_')}.run"


def modules() -> list[str]:
    """What the server imports, for its runs need not."""
    return [*map(_module_of, (*CONNECTORS, EMULATOR)), *IMPORTED_BY_RUNS]


def _startup(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name.startswith(READ_BY_THE_INTERPRETER)}


@cache
def can_fork() -> bool:
    """Linux: elsewhere system libraries may start threads of their own, which a fork does not survive."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


@cache
def serving() -> str:
    """Start a server unless this process has one; returns the address at which others `join` it."""
    address = f"\0prefork-{uuid.uuid4()}"  # in Linux's own name space: no file is left behind
    # Pipes, as its runs will have: the text streams above them note when they are made whether one can seek in them.
    nothing, unread = os.pipe(), os.pipe()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen()
        join(address)  # first: the server ends once nobody is connected
        os.posix_spawn(
            sys.executable,
            [sys.executable, str(SERVER), str(listener.fileno()), *modules(), MADE_ONCE],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing[0], 0),
                (os.POSIX_SPAWN_DUP2, unread[1], 1),
                (os.POSIX_SPAWN_DUP2, listener.fileno(), listener.fileno()),
            ],
            setsid=True,
        )
    for end in (*nothing, *unread):
        os.close(end)
    return address


def join(address: str) -> None:
    """Have the server at this address fork for this process: runs end when whoever asked for them does."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    connection.connect(address)
    atexit.register(connection.close)
    _joined.append(connection)


_joined: Final[list[socket.socket]] = []


def _server() -> socket.socket:
    if not _joined:
        serving()
    return _joined[0]
