"""(f) How long the commands take to say who they are."""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

from benchmarks.commands import interleaved
from benchmarks.report import Section, table

__all__ = ["measure"]

ROUNDS = 5


def measure() -> Section:
    """Runs `spec` of every connector."""
    scripts = distribution("airbyte-rdstation").entry_points.select(group="console_scripts")
    names = sorted(script.name for script in scripts if script.name.startswith(("source-", "destination-")))
    costs = interleaved({name: [str(Path(sys.executable).with_name(name)), "spec"] for name in names}, ROUNDS)
    rows = [
        (
            name,
            f"{cost.median(lambda cost: cost.seconds):.2f}",
            f"{cost.least(lambda cost: cost.seconds):.2f}",
            f"{cost.peak_mb:.0f}",
        )
        for name, cost in costs.items()
    ]
    return Section(
        "Start-up",
        [
            "`spec`; nearly all of it is the import of Airbyte's CDK. From an image, and its size: "
            "[Images](images.md).",
            table(("command", "seconds, median", "least", "peak MB"), rows),
        ],
    )
