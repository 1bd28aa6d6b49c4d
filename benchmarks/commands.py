"""One run of a command that prints JSON lines: how long it took, what it used, how many records came."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from usage import counted, used

__all__ = ["Cost", "Costs", "interleaved", "run"]

RECORD_MARK = b'"legal_bases":'  # once in every contact, whatever its envelope
CHUNK = 1 << 20
MEGABYTE = 1_000_000
BESIDE_PROXIES = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    records: int


@dataclass(frozen=True)
class Costs:
    """Of several runs of one command."""

    runs: Sequence[Cost]

    def median(self, of: Callable[[Cost], float]) -> float:
        """The run in the middle: neither the lucky one nor the disturbed one."""
        return median(map(of, self.runs))

    def least(self, of: Callable[[Cost], float]) -> float:
        """The run that was disturbed least."""
        return min(map(of, self.runs))

    @property
    def peak_mb(self) -> float:
        """The highest of all."""
        return max(cost.peak_mb for cost in self.runs)


def interleaved(commands: Mapping[str, Sequence[str]], rounds: int, records: int = 0) -> dict[str, Costs]:
    """Each command once a round, so that a machine that slows down slows them all; raises where records are missing."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            cost = run(command)
            if cost.records < records:
                raise RuntimeError(f"{name} printed {cost.records:,} of {records:,} records")
            costs[name].append(cost)
    return {name: Costs(runs) for name, runs in costs.items()}


def run(command: Sequence[str]) -> Cost:
    """Runs the command and drains its output; raises where it fails, with the end of what it said."""
    with tempfile.TemporaryDirectory() as folder:
        usage, errors = Path(folder, "usage"), Path(folder, "errors")
        begun = time.monotonic()
        with (
            errors.open("wb") as stderr,
            subprocess.Popen(
                counted(command, usage),
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **BESIDE_PROXIES},
            ) as process,
        ):
            records, last = _drain(process)
        seconds = time.monotonic() - begun
        if process.returncode:
            said = errors.read_text(encoding="utf-8", errors="replace") + last.decode(errors="replace")
            raise RuntimeError(f"{command[0]} failed: {said[-2_000:]}")
        total = used(usage)
        return Cost(seconds, total.cpu_seconds, total.peak_bytes / MEGABYTE, records)


def _drain(process: subprocess.Popen[bytes]) -> tuple[int, bytes]:
    if process.stdout is None:
        raise RuntimeError("stdout is a pipe")
    records, last = 0, b""
    while chunk := os.read(process.stdout.fileno(), CHUNK):
        # A mark may lie across two chunks: the end of the one before is looked at again, but for a whole mark.
        records += (last[-len(RECORD_MARK) + 1 :] + chunk).count(RECORD_MARK)
        last = chunk
    return records, last
