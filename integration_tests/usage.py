"""What a command used, by the operating system's own account: processor seconds, and memory at its peak.

    command = counted([...], report)   # run it as you like
    used(report).peak_bytes

The command is started by a small process of its own, because Linux counts the memory of the process that forks among
that of the child.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "counted", "used"]

STARTER = """
import json, os, pathlib, sys
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(pid, 0)
scale = 1 if sys.platform == "darwin" else 1024
report = {"cpu_seconds": usage.ru_utime + usage.ru_stime, "peak_bytes": usage.ru_maxrss * scale}
pathlib.Path(sys.argv[1]).write_text(json.dumps(report))
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"""


@dataclass(frozen=True)
class Usage:
    """Of a command that has ended."""

    cpu_seconds: float
    peak_bytes: int


def counted(command: Sequence[str], report: Path) -> list[str]:
    """The command that runs `command` (a path and its arguments) and leaves what it used in `report`."""
    return [sys.executable, "-I", "-S", "-c", STARTER, str(report), *command]


def used(report: Path) -> Usage:
    """What the report says."""
    return Usage(**json.loads(report.read_text(encoding="utf-8")))
