"""The destination as the platform runs it: a subprocess fed on stdin, its stdout read line by line.

    with account() as crm:
        destination = Destination(crm, mode="contacts", column_mapping=mapping(full_name="name"))
        run = destination.write(table("people", ["full_name"]), [record("people", full_name="Ana"), state("people", 1)])
        assert run.exit_code == 0

A run may be killed; what it had echoed by then is what the platform would resume from.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from emulator.client import AccountSize, Emulator
from emulator.request_log import is_write
from harness import account
from output import Line, Message, Run
from overheard import overhear
from prefork import Process, start

__all__ = [
    "Destination",
    "launch",
    "mapping",
    "record",
    "rejects_in",
    "sent",
    "shared_account",
    "state",
    "statistics",
    "table",
    "values_in",
    "writes",
]

FASTER_THAN_ANY_TEST = 600_000  # requests a minute
RUN_MAY_TAKE_S = 600  # 10,000 writes at the limit, scaled by 20, take 260


class Destination:
    """destination-rdstation-crm with one configuration; CONTROL messages update it, as the platform does."""

    def __init__(self, crm: Emulator, **overrides: Any) -> None:
        self.config: dict[str, Any] = {"requests_per_minute": FASTER_THAN_ANY_TEST, "mode": "contacts"}
        self.config |= {**crm.config(), **overrides}

    def check(self) -> Run:
        """Run `check`."""
        return self._keep(launch("check", {"config": self.config}))

    def discover(self) -> Run:
        """Run `discover`."""
        return self._keep(launch("discover", {"config": self.config}))

    def write(
        self,
        streams: Message | Sequence[Message],
        messages: Iterable[Message | bytes],
        *,
        kill_when: Callable[[], bool] | None = None,
        open_until: Callable[[Run], bool] | None = None,
    ) -> Run:
        """Run `write` of the configured streams.

        It is killed as soon as `kill_when` says so. stdin ends with the messages, or stays open until what
        was printed by then satisfies `open_until`.
        """
        configured = [streams] if isinstance(streams, dict) else list(streams)
        files = {"config": self.config, "catalog": {"streams": configured}}
        lines = [line if isinstance(line, bytes) else orjson.dumps(line) for line in messages]
        return self._keep(launch("write", files, lines, kill_when=kill_when, open_until=open_until))

    def _keep(self, run: Run) -> Run:
        if run.controls:
            self.config = run.controls[-1][1]
        return run


def mapping(**fields: str) -> list[dict[str, str]]:
    """`column_mapping`: the columns by name, each with its field."""
    return [{"column": column, "field": field} for column, field in fields.items()]


def table(name: str, columns: Iterable[str], sync_mode: str = "append", key: str | None = None, **more: Any) -> Message:
    """A configured stream."""
    properties = {column: {"type": ["null", "string", "number"]} for column in columns}
    stream = {
        "name": name,
        "json_schema": {"type": "object", "properties": properties},
        "supported_sync_modes": ["full_refresh", "incremental"],
    }
    primary_key = {"primary_key": [[key]]} if key else {}
    return {"stream": stream, "sync_mode": "incremental", "destination_sync_mode": sync_mode, **primary_key, **more}


def record(stream: str, /, **data: Any) -> Message:
    """A RECORD."""
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1}}


def state(stream: str, position: object, **more: Any) -> Message:
    """A STATE of a stream; `more` stands beside its stream."""
    of_stream = {"stream_descriptor": {"name": stream}, "stream_state": {"position": position}}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": of_stream, **more}}


def statistics(run: Run) -> list[tuple[float, float]]:
    """`recordCount` and `rejectedRecordCount` of each STATE that came back."""
    found = [each["destinationStats"] for each in run.of_type("STATE")]
    return [(each["recordCount"], each["rejectedRecordCount"]) for each in found]


def writes(crm: Emulator) -> list[dict[str, Any]]:
    """The requests that may change the account."""
    return [request for request in crm.requests() if is_write(request["method"], request["path"])]


def sent(crm: Emulator) -> list[dict[str, Any]]:
    """What each write said of its record."""
    return [request["body"]["data"] for request in writes(crm)]


def shared_account(**settings: Any) -> tuple[Any, Any]:
    """Make a module's fixtures `shared` and `crm`: a small account for all its tests, with no request yet for each."""

    @pytest.fixture(scope="module")
    def shared() -> Iterator[Emulator]:
        with account(AccountSize(contacts=2, deals=1, organizations=1, tasks=0), **settings) as running:
            yield running

    @pytest.fixture
    def crm(shared: Emulator) -> Emulator:
        shared.clear_requests()
        return shared

    return shared, crm


def rejects_in(folder: Path) -> list[Message]:
    """The lines of all rejects files below a folder."""
    return [orjson.loads(line) for path in sorted(folder.rglob("*.jsonl")) for line in path.read_bytes().splitlines()]


def values_in(run: Run, values: Iterable[str]) -> set[str]:
    """Those of the values that were printed, outside of STATE and CONTROL lines."""
    shown = [
        line.text.decode() for line in run.lines if not line.text.startswith((b'{"type":"STATE"', b'{"type":"CONTROL"'))
    ]
    text = "\n".join([*shown, run.stderr])
    return {value for value in values if value in text}


def launch(
    command: str,
    files: Mapping[str, Any] | None = None,
    lines: Sequence[bytes] = (),
    *,
    kill_when: Callable[[], bool] | None = None,
    open_until: Callable[[Run], bool] | None = None,
) -> Run:
    """One run; `files` become `--config` and `--catalog`: bytes as they are, all else as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [command]
        for name, content in (files or {}).items():
            path = Path(folder, f"{name}.json")
            path.write_bytes(content if isinstance(content, bytes) else orjson.dumps(content))
            arguments += [f"--{name}", str(path)]
        with Path(folder, "stderr").open("wb") as errors:
            process = start("destination-rdstation-crm", arguments, stderr=errors, takes_stdin=True)
        begun = time.monotonic()
        run = _attend(process, lines, kill_when, open_until)
        run.seconds = time.monotonic() - begun
        run.stderr = Path(folder, "stderr").read_text(encoding="utf-8", errors="replace")
    overhear(run)
    return run


def _attend(
    process: Process,
    lines: Sequence[bytes],
    kill_when: Callable[[], bool] | None,
    open_until: Callable[[Run], bool] | None,
) -> Run:
    run = Run()
    overdue = threading.Timer(RUN_MAY_TAKE_S, process.kill)
    overdue.start()
    feeder = threading.Thread(
        target=_feed, args=(process, lines, lambda: open_until is None or open_until(run)), daemon=True
    )
    feeder.start()
    if kill_when is not None:
        threading.Thread(target=_kill_when, args=(process, kill_when), daemon=True).start()
    try:
        for text in process.stdout or ():
            if not text.endswith(b"\n"):
                break  # the process was killed while it wrote: the platform drops such a line
            line = Line(time.monotonic(), text[:-1])
            run.lines.append(line)
        run.exit_code = process.wait()
    finally:
        overdue.cancel()
        process.kill()
        process.wait()
        feeder.join()
        if process.stdout is not None:
            process.stdout.close()
    return run


def _kill_when(process: Process, is_time: Callable[[], bool]) -> None:
    while process.poll() is None and not is_time():
        pass  # `is_time` asks the emulator: each round waits for its answer
    process.kill()


def _feed(process: Process, lines: Sequence[bytes], may_close: Callable[[], bool]) -> None:
    if process.stdin is None:
        return
    with contextlib.suppress(OSError):  # the process has ended and reads no more
        for line in lines:
            process.stdin.write(line + b"\n")
        process.stdin.flush()
        while process.poll() is None and not may_close():
            time.sleep(0.01)
    with contextlib.suppress(OSError):
        process.stdin.close()
