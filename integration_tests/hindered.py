"""Commands of connectors that are killed at a line of the code that keeps tokens, or may write no long file."""

from __future__ import annotations

import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any, Final

__all__ = ["main"]

KEEPING: Final = ("oauth.py", "tokens_file.py")


def main() -> None:
    """Run `CONNECTOR KILL_AT LINES LONGEST_FILE ARGUMENT...`.

    Before line number KILL_AT of those files, counted as they run, the process kills itself; LINES, unless it is `-`,
    gets how many ran. No file may become longer than LONGEST_FILE bytes. 0: neither.
    """
    connector, kill_at, lines, longest = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    sys.argv = [connector, *sys.argv[5:]]
    if longest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (longest, longest))
    run = import_module(f"{connector.replace('-', '_')}.run").run
    ran = 0

    def count(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal ran
        if event == "line":
            ran += 1
            if ran == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return count

    def trace(frame: FrameType, _event: str, _argument: Any) -> Any:
        return count if Path(frame.f_code.co_filename).name in KEEPING else None

    if str(lines) != "-":
        sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(None)
        if str(lines) != "-":
            lines.write_text(str(ran))
