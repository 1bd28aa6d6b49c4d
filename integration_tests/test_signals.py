"""SIGTERM and SIGINT: what is read is printed, what is written is confirmed, and the process ends, even number 1."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from destination import FASTER_THAN_ANY_TEST, Destination, record, state, table
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Source, Version, account, catalog
from namespaces import AS_PROCESS_1, needs
from output import Line, Run
from prefork import Process, command_of, start

pytestmark = pytest.mark.waits(10)

LONGEST = 20.0  # seconds; a connector takes eight at the most, and a busy machine some more
ROWS = 120
SIZES: dict[Version, tuple[str, AccountSize | None, ConversasSize | None]] = {
    V2: ("deals", AccountSize(deals=3_000), None),
    V1: ("contacts", AccountSize(contacts=3_000), None),
    CONVERSAS: ("messages", None, ConversasSize(contacts=60)),
}


def files(folder: str, **contents: Any) -> list[str]:
    arguments = []
    for name, content in contents.items():
        path = Path(folder, f"{name}.json")
        path.write_bytes(orjson.dumps(content))
        arguments += [f"--{name}", str(path)]
    return arguments


@contextlib.contextmanager
def running(script: str, *arguments: str, takes_stdin: bool = False) -> Iterator[Process]:
    """The connector, killed after two minutes."""
    with tempfile.TemporaryFile() as errors:
        process = start(script, arguments, stderr=errors, takes_stdin=takes_stdin)
        overdue = threading.Timer(120, process.kill)
        overdue.start()
        try:
            yield process
        finally:
            overdue.cancel()
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()


def lines_of(process: Process) -> Iterator[Line]:
    assert process.stdout is not None
    for text in process.stdout:
        assert text.endswith(b"\n"), "a line was cut"
        yield Line(0, text[:-1])


def signalled(process: Process, number: int, when: Callable[[Run], bool]) -> Run:
    """Everything that the process printed; it is sent the signal as soon as `when` holds of it."""
    run = Run()
    sent = False
    for line in lines_of(process):
        run.lines.append(line)
        if not sent and when(run):
            os.kill(process.pid, number)
            sent = True
    assert sent
    run.exit_code = process.wait(LONGEST)
    return run


def has_states(run: Run) -> bool:
    return b'"STATE"' in run.lines[-1].text


@pytest.mark.parametrize("api", SIZES, ids=str)
def test_given_sigterm_in_a_read_then_it_ends_with_whole_lines_and_the_next_sync_goes_on(api: Version) -> None:
    stream, size, conversas = SIZES[api]
    with account(size, conversas=conversas, latency_s=0.02) as crm, tempfile.TemporaryDirectory() as folder:
        source = Source(crm, api, num_workers=1)
        arguments = files(folder, config=source.config, catalog=catalog([stream], api=api))
        with running(api.script, "read", *arguments) as process:
            run = signalled(process, signal.SIGTERM, has_states)
        rest = Source(crm, api).read(stream, state=run.states)
        whole = Source(crm, api).read(stream, sync_mode="full_refresh")

    assert run.exit_code == 128 + signal.SIGTERM
    assert all(line.message for line in run.lines)
    assert run.outcomes[stream] == "RUNNING", "the stream has not come to an end"
    assert rest.exit_code == 0, rest.log
    assert run.committed_ids(stream) | rest.ids(stream) == whole.ids(stream)


def test_given_sigint_in_a_read_then_it_ends_as_shells_expect() -> None:
    with account(AccountSize(deals=3_000), latency_s=0.02) as crm, tempfile.TemporaryDirectory() as folder:
        arguments = files(folder, config=Source(crm, num_workers=1).config, catalog=catalog(["deals"]))
        with running(V2.script, "read", *arguments) as process:
            run = signalled(process, signal.SIGINT, has_states)

    assert run.exit_code == 128 + signal.SIGINT


def test_given_sigterm_while_nobody_reads_stdout_then_it_ends_all_the_same() -> None:
    with account(AccountSize(deals=3_000)) as crm, tempfile.TemporaryDirectory() as folder:
        arguments = files(folder, config=Source(crm).config, catalog=catalog(["deals"]))
        with running(V2.script, "read", *arguments) as process:
            next(line for line in lines_of(process) if line.is_record)  # soon the pipe is full
            os.kill(process.pid, signal.SIGTERM)

            assert process.wait(LONGEST) == 128 + signal.SIGTERM


def messages() -> Iterator[bytes]:
    for number in range(ROWS):
        yield orjson.dumps(record("people", name=f"Pessoa {number}", email=f"p{number}@people.test"))
        if number % 10 == 9:
            yield orjson.dumps(state("people", number + 1))


def write(process: Process, lines: Iterator[bytes]) -> None:
    assert process.stdin is not None
    for line in lines:
        process.stdin.write(line + b"\n")
    process.stdin.flush()


@contextlib.contextmanager
def writing(crm: Emulator, **settings: Any) -> Iterator[Process]:
    """A write of all rows whose stdin stays open."""
    config = {**Destination(crm).config, "requests_per_minute": FASTER_THAN_ANY_TEST, **settings}
    selected = {"streams": [table("people", ["name", "email"])]}
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["write", *files(folder, config=config, catalog=selected)]
        with running("destination-rdstation-crm", *arguments, takes_stdin=True) as process:
            write(process, messages())
            yield process


def people(crm: Emulator) -> list[str]:
    return sorted(row["name"] for row in crm.truth("contacts") if row["name"].startswith("Pessoa "))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_given_a_signal_in_a_write_then_what_is_under_way_is_finished_and_confirmed(number: int) -> None:
    with account(AccountSize(contacts=1), latency_s=0.05) as crm:
        with writing(crm, num_workers=2) as process:
            run = signalled(process, number, has_states)
        written = people(crm)
        last = run.states_of("people")[-1]["position"]
        rest = Destination(crm).write(
            table("people", ["name", "email"], "append_dedup", "email"),
            [orjson.loads(line) for line in messages()][last + last // 10 :],
        )
        everyone = people(crm)

    assert run.exit_code == 128 + number
    assert 10 <= last <= len(written) < ROWS
    assert {f"Pessoa {number}" for number in range(last)} <= set(written)
    assert len(written) - last < 10 + 2, "each row that was written before a STATE is confirmed by it"
    assert rest.exit_code == 0, rest.log
    assert everyone == sorted(f"Pessoa {number}" for number in range(ROWS))


def test_given_sigterm_while_the_rate_limit_is_waited_for_then_what_is_written_is_confirmed() -> None:
    with account(AccountSize(contacts=1), rate_limit_requests=40, rate_limit_window_s=600.0) as crm:
        with writing(crm) as process:
            run = signalled(process, signal.SIGTERM, lambda run: b"rate limit" in run.lines[-1].text)

        assert run.exit_code == 128 + signal.SIGTERM
        written = set(people(crm))
        first_missing = next(number for number in range(ROWS) if f"Pessoa {number}" not in written)
        assert run.states_of("people")[-1]["position"] == first_missing // 10 * 10, (
            "the last STATE before the first row that is not written"
        )


def test_given_sigterm_while_nothing_comes_then_it_ends_with_the_states_of_what_is_written() -> None:
    with account(AccountSize(contacts=1)) as crm, writing(crm) as process:
        run = signalled(
            process, signal.SIGTERM, lambda run: has_states(run) and run.states_of("people")[-1]["position"] == ROWS
        )

        assert run.exit_code == 128 + signal.SIGTERM
        assert len(people(crm)) == ROWS


def test_given_sigterm_while_all_records_are_read_to_look_rows_up_then_it_ends_with_the_status_of_its_stream() -> None:
    settings = {"column_mapping": [{"column": name, "field": name} for name in ("name", "phone")]}
    selected = {"streams": [table("people", ["name", "phone"], "append_dedup", "phone")]}
    with account(AccountSize(contacts=8_000), latency_s=0.4) as crm, tempfile.TemporaryDirectory() as folder:
        config = {**Destination(crm).config, **settings}
        arguments = ["write", *files(folder, config=config, catalog=selected)]
        with running("destination-rdstation-crm", *arguments, takes_stdin=True) as process:
            row = record("people", name="Ana", phone="11 98765-4321")
            write(process, map(orjson.dumps, [row, state("people", 1)]))
            while len(crm.requests()) < 5:
                continue
            os.kill(process.pid, signal.SIGTERM)
            run = Run(list(lines_of(process)))
            run.exit_code = process.wait(LONGEST)

        assert run.exit_code == 128 + signal.SIGTERM
        assert run.outcomes["people"] == "INCOMPLETE"
        assert people(crm) == []


@pytest.mark.parametrize("script", [V2.script, CONVERSAS.script, "destination-rdstation-crm"])
def test_given_sigterm_in_a_command_that_keeps_nothing_then_it_dies_of_it(script: str) -> None:
    """PyAirbyte ends a command so once it has the answer, and takes any other end for a failure."""
    with (
        account(AccountSize(deals=3), latency_s=5.0) as crm,
        tempfile.TemporaryDirectory() as folder,
        running(script, "check", *files(folder, config=configured(crm, script))) as process,
    ):
        while not crm.requests():
            continue
        os.kill(process.pid, signal.SIGTERM)

        assert process.wait(LONGEST) == -signal.SIGTERM


@needs(AS_PROCESS_1)
@pytest.mark.parametrize("script", [V2.script, "destination-rdstation-crm"])
def test_given_sigterm_to_process_1_that_keeps_nothing_then_it_ends_all_the_same(script: str) -> None:
    with account(AccountSize(deals=3), latency_s=5.0) as crm, tempfile.TemporaryDirectory() as folder:
        arguments = ["check", *files(folder, config=configured(crm, script))]
        with subprocess.Popen([*AS_PROCESS_1, *command_of(script), *arguments], stdout=subprocess.PIPE) as process:
            while not crm.requests():
                continue
            os.kill(process_1(process), signal.SIGTERM)

            # An engine reports both as 143; which it is depends on whether the kernel spares process 1.
            assert process.wait(LONGEST) in (-signal.SIGTERM, 128 + signal.SIGTERM)


def configured(crm: Emulator, script: str) -> dict[str, Any]:
    if script == "destination-rdstation-crm":
        return Destination(crm).config
    return Source(crm, CONVERSAS if script == CONVERSAS.script else V2).config


def process_1(parent: subprocess.Popen[bytes]) -> int:
    (child,) = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    return int(child)


@needs(AS_PROCESS_1)
@pytest.mark.parametrize("command", ["read", "write"])
def test_given_sigterm_to_process_1_then_it_ends(command: str) -> None:
    with account(AccountSize(deals=3_000), latency_s=0.05) as crm, tempfile.TemporaryDirectory() as folder:
        if command == "read":
            script, selected = V2.script, catalog(["deals"])
            config = Source(crm, num_workers=1).config
        else:
            script, selected = "destination-rdstation-crm", {"streams": [table("people", ["name"])]}
            config = Destination(crm).config
        arguments = [command, *files(folder, config=config, catalog=selected)]
        with subprocess.Popen(
            [*AS_PROCESS_1, *command_of(script), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()  # it is at work
            os.kill(process_1(process), signal.SIGTERM)
            process.stdout.read()

            assert process.wait(LONGEST) == 128 + signal.SIGTERM
