"""A forked run has what a fresh process has, and nothing of another run; it ends as a process ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import prefork

pytestmark = pytest.mark.skipif(not prefork.can_fork(), reason="runs are real processes here")

IMPORTS = "import " + ", ".join(prefork.modules())
FRESH = f"{IMPORTS}, prefork_probe; prefork_probe.show()"
HEEDING_SIGINT = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # as a foreground process
ASPECTS = (
    "log handlers", "log filters", "log levels", "secrets of the CDK's filter", "environment", "folder", "arguments",
    "open files", "signals", "threads", "session", "collector", "text streams",
)  # fmt: skip


def shown() -> dict[str, Any]:
    """What a forked process has."""
    process = prefork.fork("prefork_probe", "show", ["probe", "one", "two"])
    assert process.stdout is not None
    with process.stdout as stdout:
        found: dict[str, Any] = json.loads(stdout.read())
    assert process.wait() == 0
    return found


def defiled() -> int:
    """The exit code of a forked process that leaves traces wherever it can."""
    process = prefork.fork("prefork_probe", "defile", ["probe"])
    assert process.stdout is not None
    with process.stdout as stdout:
        stdout.read()
    return process.wait()


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """What a fresh process has, and what a fork has after another fork left its traces."""
    command = [sys.executable, "-c", f"{HEEDING_SIGINT}; {FRESH}", "one", "two"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROBE_OF", "this run")
        fresh = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=True
        )
        assert defiled() == 3
        yield json.loads(fresh.stdout), shown()


@pytest.mark.parametrize("aspect", ASPECTS)
def test_given_a_run_that_left_traces_when_the_next_one_starts_then_it_has_what_a_fresh_process_has(
    both: tuple[dict[str, Any], dict[str, Any]], aspect: str
) -> None:
    fresh, forked = both

    assert forked[aspect] == fresh[aspect]


def test_given_two_runs_when_they_take_chances_then_they_differ() -> None:
    first, second = shown()["chance"], shown()["chance"]

    assert [a == b for a, b in zip(first, second, strict=True)] == [False, False]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE, signal.SIGINT])
def test_given_a_run_when_a_signal_comes_then_it_ends_as_any_python_process(number: signal.Signals) -> None:
    codes = []
    command = [sys.executable, "-c", "import prefork_probe; prefork_probe.hang()"]
    with Path(os.devnull).open("wb") as nothing:
        forked = prefork.fork("prefork_probe", "hang", ["probe"], stderr=nothing)
    for process in (forked, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)):
        assert process.stdout is not None
        with process.stdout as stdout:
            assert stdout.readline() == b"waiting\n"
            process.send_signal(number)
            if number == signal.SIGPIPE:  # Python ignores it
                process.kill()
            codes.append(process.wait(10))

    assert codes[0] == codes[1]


def test_given_a_reader_that_goes_away_when_a_run_writes_then_it_ends_as_a_fresh_process_does() -> None:
    codes = []
    command = [sys.executable, "-c", "import prefork_probe; prefork_probe.wait_and_specify()"]
    for process in (
        prefork.fork("prefork_probe", "wait_and_specify", ["probe"], takes_stdin=True),
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE),
    ):
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.close()
        process.stdin.close()  # only now it writes
        codes.append(process.wait(60))

    assert codes[0] == codes[1] != 0


def test_given_a_test_process_that_is_killed_then_its_runs_end_too() -> None:
    program = "import prefork, time; print(prefork.start('emulator', ['--port', '0']).pid, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pidfd = os.pidfd_open(int(owner.stdout.readline()))
        owner.kill()

    try:
        assert select.select([pidfd], [], [], 10)[0], "the run outlives who started it"
    finally:
        os.close(pidfd)


def test_given_an_environment_that_the_interpreter_reads_at_its_start_when_run_then_a_real_process() -> None:
    process = prefork.start("source-rdstation-crm", ["spec"], environment={**os.environ, "PYTHONUTF8": "1"})
    assert process.stdout is not None
    with process.stdout as stdout:
        stdout.read()

    assert process.wait() == 0
    assert isinstance(process, subprocess.Popen)
