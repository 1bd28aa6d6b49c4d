"""What `make sync` shows, given what the connector really says."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from airbyte_rdstation.airbyte.progress import StreamProgress
from demo.display import Display

PLAN = "The sync takes about 12,130 requests, 1 h 41 min at 120 a minute."


def lines() -> list[str]:
    """A minute's lines of a stream whose size is known, of one with visits, and of one of which nobody knows."""
    known, visiting, unknown = (StreamProgress(requests=lambda: 1_000) for _ in range(3))
    known.expect(250)
    visiting.expect_visits(11_000, "deals to visit")
    unknown.records = 12_000
    return [
        f"deals: {known.line(130.0)}.",
        f"deal_notes: {visiting.line(6_000.0)}.",
        f"tasks: {unknown.line(None)}.",
    ]


def test_given_a_terminal_when_the_connector_speaks_then_each_stream_under_way_has_its_bar() -> None:
    screen = io.StringIO()
    display = Display(Console(file=screen, force_terminal=True, width=120))
    with display:
        display.show({"deals": 10, "deal_notes": 20, "tasks": 30})
        for line in [PLAN, "Starting syncing", *lines()]:
            display.hear(line)
        display.show({"deals": 50_000, "deal_notes": 2_000})
        assert display._bars is not None
        tasks = {task.description: task for task in display._bars.tasks}
        assert {name: (task.completed, task.total) for name, task in tasks.items()} == {
            "deals": (1_000, 1_250),
            "deal_notes": (1_000, 12_000),
        }
        assert tasks["deals"].fields["said"] == "50,000 records, about 2 min 10 s left"
        assert tasks["deal_notes"].fields["said"] == "2,000 records, about 1 h 40 min left"


def test_given_no_terminal_when_the_connector_speaks_then_its_plan_and_minutes_are_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    display = Display(Console(file=io.StringIO()))
    with display:
        display.show({"deals": 10})
        for line in [PLAN, "Starting syncing", "Read 30 records from users stream", *lines()]:
            display.hear(line)

    assert capsys.readouterr().out.splitlines() == [f"  {line}" for line in (PLAN, *lines())]
