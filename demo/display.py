"""What `make sync` shows of a read: a bar a stream on a terminal, lines elsewhere; both by what the connector says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn

__all__ = ["Display"]

# `deals: 8,000 records, 40 of about 50 requests; about 10 s left at this pace.`: airbyte_rdstation/airbyte/progress.py
LINE = re.compile(r"(\w+): [\d,]+ records, ([\d,]+)(?: of (?:about|at least) ([\d,]+))? requests(?:.*; (.+) left)?")
PLAN = re.compile(r"The sync takes .+ requests")


class Display:
    """A context manager; between its ends `print` writes above the bars."""

    def __init__(self, console: Console | None = None) -> None:
        console = console or Console()
        columns = (SpinnerColumn(), TextColumn("{task.description:30}"), BarColumn(), TextColumn("{task.fields[said]}"))
        self._bars = Progress(*columns, console=console, transient=True) if console.is_terminal else None
        self._streams: dict[str, TaskID] = {}
        self._left: dict[str, str] = {}

    def __enter__(self) -> Display:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    def hear(self, line: str) -> None:
        """Take a line of the connector's log; all but its plan and the lines of each minute pass by."""
        found = LINE.match(line)
        if self._bars is None:
            if found or PLAN.match(line):
                print(f"  {line}", flush=True)
        elif found:
            stream, sent, of, left = found.groups()
            self._left[stream] = f", {left} left" if left else ""
            if of and stream in self._streams:
                self._bars.update(self._streams[stream], completed=_number(sent), total=_number(of))
        elif PLAN.match(line):
            print(f"  {line}", flush=True)

    def show(self, records: Mapping[str, int]) -> None:
        """Show how many records each stream under way has brought."""
        if self._bars is None:
            return
        for stream in self._streams.keys() - records.keys():
            self._bars.remove_task(self._streams.pop(stream))
        for stream, number in records.items():
            said = f"{number:,} records{self._left.get(stream, '')}"
            if stream in self._streams:
                self._bars.update(self._streams[stream], said=said)
            else:
                self._streams[stream] = self._bars.add_task(stream, total=None, said=said)


def _number(text: str) -> int:
    return int(text.replace(",", ""))
