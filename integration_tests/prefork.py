"""Starts connectors and emulators as processes that need not import anything: each is forked from one that has.

    process = prefork.start("source-rdstation-crm", ["spec"], stderr=errors)   # used like a subprocess.Popen
    process.stdout.read(), process.wait()

The first start of a test process runs this file as a server: a process with one thread that imports the three
connectors and the emulator, and runs none of them. For each run it forks; the fork takes the run's pipes, environment,
folder and arguments, leaves the server's loop and ends as any Python process does, threads joined and `atexit` heeded.
What a run may share with another is therefore what the imports left behind (CONTRIBUTING.md lists it).

Where the platform cannot do that, the real command runs instead.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import IO, Any, Final, TypeAlias

__all__ = ["Forked", "Process", "can_fork", "command_of", "emulator", "fork", "start"]

CONNECTORS: Final = ("source-rdstation-crm", "source-rdstation-conversas", "destination-rdstation-crm")
EMULATOR: Final = "emulator"
LONGEST_REQUEST: Final = 1 << 17
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
def _server() -> socket.socket:
    """The connection to this process's server; it ends, with all its runs, when this process does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    # Pipes, as its runs will have: the text streams above them note when they are made whether one can seek in them.
    nothing, unread = os.pipe(), os.pipe()
    with theirs:
        os.posix_spawn(
            sys.executable,
            [sys.executable, __file__, str(theirs.fileno())],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing[0], 0),
                (os.POSIX_SPAWN_DUP2, unread[1], 1),
                (os.POSIX_SPAWN_DUP2, theirs.fileno(), theirs.fileno()),
            ],
            setsid=True,
        )
    for end in (*nothing, *unread):
        os.close(end)
    atexit.register(ours.close)
    return ours


# --- the server


def _serve(control: socket.socket) -> Callable[[], None]:
    """Fork a process for each request until the other side is gone. Returns in each fork: what it has to run."""
    running: dict[int, tuple[int, Connection]] = {}  # by pidfd
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not control:
                    selector.unregister(key.fileobj)
                    os.close(key.fd)
                    _report(*running.pop(key.fd))
                    continue
                message, pipes, _, _ = socket.recv_fds(control, LONGEST_REQUEST, 4)
                if not message:
                    for pid, _status in running.values():
                        os.kill(pid, signal.SIGKILL)
                    sys.exit()
                status = Connection(pipes.pop(), readable=False)
                pid = os.fork()
                if pid == 0:
                    control.close()
                    for pidfd, (_, other) in running.items():
                        os.close(pidfd)
                        other.close()
                    status.close()
                    return _become(json.loads(message), pipes)
                for pipe in pipes:
                    os.close(pipe)
                with contextlib.suppress(OSError):  # who started it is gone
                    status.send(pid)
                running[pidfd := os.pidfd_open(pid)] = pid, status
                selector.register(pidfd, selectors.EVENT_READ)


def _report(pid: int, status: Connection) -> None:
    _, code, used = os.wait4(pid, 0)
    with status, contextlib.suppress(OSError):
        status.send((os.waitstatus_to_exitcode(code), used.ru_maxrss * 1024))


def _become(request: dict[str, Any], pipes: Sequence[int]) -> Callable[[], None]:
    """Take on the run's session, pipes, environment, folder and arguments; what is then to be called."""
    os.setsid()
    for number, pipe in enumerate(pipes):
        os.dup2(pipe, number)
        os.close(pipe)
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    os.chdir(request["folder"])
    sys.argv = request["argv"]
    called: Callable[[], None] = getattr(importlib.import_module(request["module"]), request["function"])
    return called


def _main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    os.closerange(3, control.fileno())  # whatever this test process, or who started it, left open to its children
    os.closerange(control.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    atexit.register(_leave)  # before any import: what is registered first is called last
    for name in (*CONNECTORS, EMULATOR):
        importlib.import_module(_module_of(name))
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("An import has started a thread, which no fork has: runs would wait for it.")
    gc.collect()
    gc.freeze()  # the collector of a fork need not walk, and so copy, what all share
    run = _serve(control)
    global _exit_code
    try:
        run()
        _exit_code = 0
    except SystemExit as end:
        _exit_code = 0 if end.code is None else end.code & 255 if isinstance(end.code, int) else 1
        raise
    except KeyboardInterrupt:
        _exit_code = -signal.SIGINT  # as the interpreter does
        raise


_exit_code = 1  # of an exception that nobody caught


def _leave() -> None:
    """End before the interpreter takes its modules apart: in a fork that copies all the memory it shares."""
    sys.stdout.flush()
    sys.stderr.flush()
    if _exit_code < 0:
        signal.signal(-_exit_code, signal.SIG_DFL)
        os.kill(os.getpid(), -_exit_code)
    os._exit(_exit_code)


if __name__ == "__main__":
    _main()
