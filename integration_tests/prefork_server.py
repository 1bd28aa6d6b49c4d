"""The process that forks runs for prefork.py: `prefork_server.py LISTENER MODULE... MODULE:FUNCTION...`.

It has one thread, imports the modules, calls the functions and runs nothing. A fork takes its run's pipes, environment,
folder and arguments, leaves the server's loop and ends as any Python process does, threads joined and `atexit` heeded.
What a run may share with another is therefore what that left behind (CONTRIBUTING.md lists it).
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
import sys
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import Any, Final, NamedTuple

LONGEST_REQUEST: Final = 1 << 17


class _Run(NamedTuple):
    pid: int
    status: Connection
    owner: socket.socket
    """The connection of the process that asked for it."""


class _Server:
    """Forks a process for each request, until nobody is connected."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._owners: dict[int, socket.socket] = {}
        self._runs: dict[int, _Run] = {}  # by pidfd
        self._selector = selectors.DefaultSelector()
        self._selector.register(listener, selectors.EVENT_READ)

    def serve(self) -> Callable[[], None]:
        """Returns in each fork: what it has to run."""
        while True:
            for key, _ in self._selector.select():
                if key.fd in self._runs:  # it has ended
                    self._selector.unregister(key.fd)
                    os.close(key.fd)
                    _report(self._runs.pop(key.fd))
                elif owner := self._owners.get(key.fd):
                    message, files, *_ = socket.recv_fds(owner, LONGEST_REQUEST, 4)
                    if not message:
                        self._end_runs_of(owner)
                    elif self._fork(owner, files):
                        return _become(json.loads(message), files[:3])
                else:
                    owner, _ = self._listener.accept()
                    self._owners[owner.fileno()] = owner
                    self._selector.register(owner, selectors.EVENT_READ)

    def _fork(self, owner: socket.socket, files: Sequence[int]) -> bool:
        """Whether this is the fork."""
        status = Connection(files[3], readable=False)
        pid = os.fork()
        if pid == 0:
            self._let_go()
            status.close()
            return True
        for pipe in files[:3]:
            os.close(pipe)
        with contextlib.suppress(OSError):  # who started it is gone
            status.send(pid)
        self._runs[pidfd := os.pidfd_open(pid)] = _Run(pid, status, owner)
        self._selector.register(pidfd, selectors.EVENT_READ)
        return False

    def _let_go(self) -> None:
        self._selector.close()
        self._listener.close()
        for owner in self._owners.values():
            owner.close()
        for pidfd, run in self._runs.items():
            os.close(pidfd)
            run.status.close()

    def _end_runs_of(self, owner: socket.socket) -> None:
        for run in self._runs.values():
            if run.owner is owner:
                os.kill(run.pid, signal.SIGKILL)
        self._selector.unregister(owner)
        del self._owners[owner.fileno()]
        owner.close()
        if not self._owners:
            sys.exit()


def _report(run: _Run) -> None:
    _, code, used = os.wait4(run.pid, 0)
    with run.status, contextlib.suppress(OSError):
        run.status.send((os.waitstatus_to_exitcode(code), used.ru_maxrss * 1024))


def _become(request: dict[str, Any], pipes: Sequence[int]) -> Callable[[], None]:
    """Take on the run's session, pipes, environment, folder and arguments; what is then to be called."""
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells have what they start in the background ignore it
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
    listener = socket.socket(fileno=int(sys.argv[1]))
    os.closerange(3, listener.fileno())  # whatever this test process, or who started it, left open to its children
    os.closerange(listener.fileno() + 1, os.sysconf("SC_OPEN_MAX"))
    atexit.register(_leave)  # before any import: what is registered first is called last
    for argument in sys.argv[2:]:
        name, _, function = argument.partition(":")
        module = importlib.import_module(name)
        if function:
            getattr(module, function)()
    if len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError("An import has started a thread, which no fork has: runs would wait for it.")
    gc.collect()
    gc.freeze()  # the collector of a fork need not walk, and so copy, what all share
    run = _Server(listener).serve()
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
