"""(e) Memory and time up to a million contacts."""

from __future__ import annotations

from benchmarks.commands import run
from benchmarks.plot import Plot
from benchmarks.readers import OURS, commands
from benchmarks.report import Section, picture, table, verdict
from benchmarks.server import contacts_served

__all__ = ["measure"]

SIZES = (10_000, 100_000, 300_000, 1_000_000)
COMPARED_WITH = 100_000
MOST_GROWTH = 0.2
PICTURE = "benchmarks/memory.svg"


def measure() -> Section:
    """Reads ever bigger lists."""
    seconds, peaks = {}, {}
    for size in SIZES:
        with contacts_served(size) as server, commands(server) as reads:
            cost = run(reads[OURS])
        if cost.records < size:
            raise RuntimeError(f"{cost.records:,} of {size:,} records came")
        seconds[size], peaks[size] = cost.seconds, cost.peak_mb
    growth = peaks[SIZES[-1]] / peaks[COMPARED_WITH] - 1
    names = [f"{size:,}" for size in SIZES]
    plot = Plot(
        "Peak memory by the length of the list",
        "contacts read",
        names,
        {OURS: list(peaks.values())},
        top=160,
        unit=" MB",
        limit=((1 + MOST_GROWTH) * peaks[COMPARED_WITH], f"{COMPARED_WITH:,} contacts + {MOST_GROWTH:.0%}"),
    )
    return Section(
        "A million contacts",
        [
            table(
                ("contacts", "seconds", "records a second", "peak MB"),
                [
                    (name, f"{seconds[size]:.1f}", f"{size / seconds[size]:,.0f}", f"{peaks[size]:.0f}")
                    for name, size in zip(names, SIZES, strict=True)
                ],
            ),
            picture(PICTURE, plot.title),
            verdict(
                f"a million take at most {MOST_GROWTH:.0%} more memory than {COMPARED_WITH:,}",
                met=growth <= MOST_GROWTH,
                otherwise=f"It is {growth:.0%}.",
            ),
        ],
        {PICTURE: plot.svg()},
    )
