"""The connector as the platform runs it: a subprocess, its stdout read line by line, its newest tokens kept.

    with account(AccountSize(deals=50)) as crm:
        source = Source(crm)
        run = source.read("deals")
        assert run.ids("deals") == crm.ids("deals")

A run may be killed after a line (`kill_when`); what it had printed by then is what the platform would have.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import IO, Any, Generic, Literal, TypeVar

import orjson
import pytest

import prefork
from emulator.client import AccountSize, Emulator
from emulator.conversas_data.size import ConversasSize
from output import Line, Message, Run, state_stream, status_of
from overheard import discreet, overhear
from prefork import Process, command_of, start
from usage import counted, used
from versions import CONVERSAS, V1, V2, VERSIONS, Version, for_each_version

__all__ = [
    "CONVERSAS",
    "V1",
    "V2",
    "VERSIONS",
    "AccountSize",
    "ConversasSize",
    "Emulator",
    "Jobs",
    "Line",
    "Message",
    "Run",
    "Source",
    "SyncMode",
    "Version",
    "account",
    "at_once",
    "catalog",
    "discovered",
    "discovered_schemas",
    "for_each_version",
    "launch",
    "often",
    "seeds",
    "state_stream",
    "status_of",
    "token_hash",
]

SyncMode = Literal["full_refresh", "incremental"]
T = TypeVar("T")

FASTER_THAN_ANY_TEST = 600_000  # requests a minute
TINY = AccountSize(contacts=3, deals=3, organizations=3, tasks=3)
RUN_MAY_TAKE_S = 300
JOBS_AT_ONCE = 3


class Source:
    """A source with one configuration; CONTROL messages update it, as the platform does."""

    def __init__(self, crm: Emulator, api: Version = V2, **overrides: Any) -> None:
        self.api = api
        fast: dict[str, Any] = {"requests_per_minute": FASTER_THAN_ANY_TEST}
        self.config: dict[str, Any] = {**fast, **api.config(crm), **overrides}

    def spec(self) -> Run:
        """Run `spec`."""
        return launch("spec", script=self.api.script)

    def check(self) -> Run:
        """Run `check`."""
        return self._run("check", {"config": self.config})

    def discover(self) -> Run:
        """Run `discover`."""
        return self._run("discover", {"config": self.config})

    def read(
        self,
        *streams: str,
        state: Sequence[Message] | None = None,
        sync_mode: SyncMode = "incremental",
        kill_when: Callable[[Line], bool] | None = None,
        measured: bool = False,
    ) -> Run:
        """Run `read` of the named streams, or of all."""
        selected = catalog(streams or self.api.streams, sync_mode, self.api)
        files: dict[str, Any] = {"config": self.config, "catalog": selected}
        if state is not None:
            files["state"] = list(state)
        return self._run("read", files, kill_when, measured)

    def _run(
        self,
        command: str,
        files: Mapping[str, Any],
        kill_when: Callable[[Line], bool] | None = None,
        measured: bool = False,
    ) -> Run:
        run = launch(command, files, kill_when=kill_when, measured=measured, script=self.api.script)
        if run.controls:
            self.config = run.controls[-1][1]
        return run


def launch(
    command: str,
    files: Mapping[str, Any] | None = None,
    *,
    kill_when: Callable[[Line], bool] | None = None,
    measured: bool = False,
    script: str = "source-rdstation-crm",
) -> Run:
    """One run; `files` become `--config`, `--catalog` and `--state`: bytes as they are, all else as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [command]
        for name, content in (files or {}).items():
            path = Path(folder, f"{name}.json")
            path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
            arguments += [f"--{name}", str(path)]
        usage = Path(folder, "usage")
        begun = time.monotonic()
        with Path(folder, "stderr").open("wb") as errors:
            if measured:  # exactly: a fork's memory is its server's, too
                process: Process = _popen(counted([*command_of(script), *arguments], usage), errors)
            else:
                process = start(script, arguments, stderr=errors)
        run = _attend(process, kill_when)
        run.seconds = time.monotonic() - begun
        run.stderr = Path(folder, "stderr").read_text(encoding="utf-8", errors="replace")
        run.peak_bytes = used(usage).peak_bytes if measured else getattr(process, "peak_bytes", 0)
    overhear(run)
    return run


def _popen(arguments: Sequence[str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=errors, start_new_session=True)


def _attend(process: Process, kill_when: Callable[[Line], bool] | None) -> Run:
    run = Run()
    overdue = threading.Timer(RUN_MAY_TAKE_S, _kill, [process])
    overdue.start()
    try:
        if process.stdout is None:
            raise RuntimeError("stdout is a pipe")
        for text in process.stdout:
            if not text.endswith(b"\n"):
                break  # the process was killed while it wrote: the platform drops such a line
            line = Line(time.monotonic(), text[:-1])
            run.lines.append(line)
            if kill_when is not None and kill_when(line):
                _kill(process)
                kill_when = None  # what is in the pipe already is read to its end
        run.exit_code = process.wait()
    finally:
        overdue.cancel()
        _kill(process)
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    return run


def _kill(process: Process) -> None:
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def account(
    size: AccountSize | None = None, seed: int = 1, conversas: ConversasSize | None = None, **settings: Any
) -> Iterator[Emulator]:
    """An emulated account without a rate limit, unless `settings` set one; none of its secrets may be printed."""
    unlimited = {"rate_limit_requests": 0, "conversas_bucket_per_minute": 0}
    emulated = Emulator(size, {**unlimited, **settings}, seed, conversas, prefork.emulator)
    with emulated as crm, discreet(crm):
        yield crm


@cache
def discovered(api: Version = V2) -> Mapping[str, Message]:
    """The streams of a tiny account by name, as `discover` gives them; asked once a session."""
    with account(TINY) as crm:
        run = Source(crm, api).discover()
    if run.exit_code != 0:
        raise RuntimeError(run.log)
    (found,) = run.of_type("CATALOG")
    return {stream["name"]: stream for stream in found["streams"]}


def discovered_schemas(crm: Emulator, api: Version = V2) -> dict[str, Message]:
    """The schemas of this account's streams by name, as `discover` gives them."""
    (found,) = Source(crm, api).discover().of_type("CATALOG")
    return {stream["name"]: stream["json_schema"] for stream in found["streams"]}


def catalog(streams: Sequence[str], sync_mode: SyncMode = "incremental", api: Version = V2) -> Message:
    """A configured catalog; streams without a cursor are always read in full."""
    configured = []
    for name in streams:
        stream = discovered(api)[name]
        mode = sync_mode if sync_mode in stream["supported_sync_modes"] else "full_refresh"
        configured.append({"stream": stream, "sync_mode": mode, "destination_sync_mode": "append"})
    return {"streams": configured}


def token_hash(token: str) -> str:
    """How the emulator's request log names an access token."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def often(names: Iterable[str], *, long: Container[str]) -> list[Any]:
    """Parameters of a test: those in `long` under the marker `long`, the others in every run."""
    return [pytest.param(name, marks=[pytest.mark.long] if name in long else []) for name in names]


def seeds(normal: int, full: int) -> list[Any]:
    """Parameters for a repeated proof: `normal` seeds in every run, `full` ones under the marker `long`."""
    few = [pytest.param(seed, id=f"seed-{seed}") for seed in range(normal)]
    return few + [pytest.param(seed, id=f"long-{seed}", marks=pytest.mark.long) for seed in range(full)]


class Jobs(Generic[T]):
    """Results of independent jobs by name; see `at_once`."""

    def __init__(self, jobs: Mapping[str, Callable[[], T]], pool: ThreadPoolExecutor) -> None:
        self._jobs = jobs
        self._pool = pool
        self._begun: dict[str, Future[T]] = {}

    def __call__(self, name: str) -> T:
        """The job's result, once it is there."""
        self.begin(name)
        return self._begun[name].result()

    def begin(self, *names: str) -> None:
        """Run these, or all, and wait for none yet."""
        for name in names or self._jobs:
            if name not in self._begun:
                self._begun[name] = self._pool.submit(self._jobs[name])

    def cancel(self) -> None:
        """Do not begin what has not begun."""
        for future in self._begun.values():
            future.cancel()


@contextlib.contextmanager
def at_once(jobs: Mapping[str, Callable[[], T]]) -> Iterator[Jobs[T]]:
    """Run independent jobs a few at a time: a start of the connector mostly waits.

    Among the workers of pytest-xdist a job begins when its result is asked for. The workers share a module's tests
    and wait side by side as it is; with all jobs begun in each of them, most would run several times.
    """
    with ThreadPoolExecutor(JOBS_AT_ONCE) as pool:
        running = Jobs(jobs, pool)
        if "PYTEST_XDIST_WORKER" not in os.environ:
            running.begin()
        try:
            yield running
        finally:
            running.cancel()
