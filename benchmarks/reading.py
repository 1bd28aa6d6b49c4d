"""(a) What 100,000 contacts cost, beside the same read by other means."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.commands import Cost, Costs, interleaved
from benchmarks.readers import BARE_LOOP, OURS, commands
from benchmarks.report import Section, table, verdict
from benchmarks.server import contacts_served

__all__ = ["measure"]

CONTACTS = 100_000
ROUNDS = 3
ROUNDS_OF_STARTS = 3
MOST_OF_THE_QUICKEST = 0.9
MOST_TIMES_THE_BARE_LOOP = 2
MOST_MEGABYTES = 110
WHERE_TIME_GOES = (
    "A quarter of its time is the import of Airbyte's CDK, which every command pays: compare the seconds without "
    "those to start."
)


def measure() -> Section:
    """Reads to stdout, each reader in turn."""
    with contacts_served(1) as server, commands(server) as reads:
        starts = interleaved(reads, ROUNDS_OF_STARTS, records=1)
    with contacts_served(CONTACTS) as server, commands(server) as reads:
        costs = interleaved(reads, ROUNDS, records=CONTACTS)
    heads = ("reader", "seconds, median", "least", "of them to start", "CPU seconds", "times the bare loop", "peak MB")
    rows = [_row(name, costs, starts) for name in sorted(costs, key=lambda name: _seconds(costs[name]))]
    return Section(
        f"{CONTACTS:,} contacts to stdout",
        [
            f"From a local server whose pages of 200 are ready in memory, the readers in turn, {ROUNDS} rounds. The "
            "others read by page number; reading by key, which misses nothing, is ours alone. RD Station's limit lets "
            "400 records a second pass, so all of them wait for it in earnest.",
            table(heads, rows),
            *_verdicts(costs),
        ],
        headline=_headline(costs),
    )


def _headline(costs: Mapping[str, Costs]) -> str:
    others = [name for name in costs if name not in (OURS, BARE_LOOP)]
    quickest = min(others, key=lambda name: _seconds(costs[name]))
    return (
        f"{CONTACTS:,} contacts reach stdout in {_seconds(costs[OURS]):.1f} s, start included, and "
        f"{costs[OURS].peak_mb:.0f} MB; by {quickest}, the quickest other way, in {_seconds(costs[quickest]):.1f} s."
    )


def _seconds(costs: Costs) -> float:
    return costs.median(lambda cost: cost.seconds)


def _cpu(cost: Cost) -> float:
    return cost.cpu_seconds


def _row(name: str, costs: Mapping[str, Costs], starts: Mapping[str, Costs]) -> list[str]:
    own = costs[name]
    return [
        f"**{name}**" if name == OURS else name,
        f"{_seconds(own):.2f}",
        f"{own.least(lambda cost: cost.seconds):.2f}",
        f"{_seconds(starts[name]):.2f}",
        f"{own.median(_cpu):.2f}",
        f"{_seconds(own) / _seconds(costs[BARE_LOOP]):.1f}",
        f"{own.peak_mb:.0f}",
    ]


def _verdicts(costs: Mapping[str, Costs]) -> list[str]:
    ours = costs[OURS]
    others = [own for name, own in costs.items() if name not in (OURS, BARE_LOOP)]
    wall = _seconds(ours) / min(map(_seconds, others))
    cpu = ours.median(_cpu) / min(own.median(_cpu) for own in others)
    times = _seconds(ours) / _seconds(costs[BARE_LOOP])
    return [
        verdict(
            f"at most {MOST_OF_THE_QUICKEST} of the quickest alternative but the bare loop, in time and processor time",
            met=max(wall, cpu) <= MOST_OF_THE_QUICKEST,
            otherwise=f"It is {wall:.2f} and {cpu:.2f}. {WHERE_TIME_GOES}",
        ),
        verdict(
            f"at most {MOST_TIMES_THE_BARE_LOOP} times the bare loop",
            met=times <= MOST_TIMES_THE_BARE_LOOP,
            otherwise=f"It is {times:.1f} times.",
        ),
        verdict(
            f"peak memory under {MOST_MEGABYTES} MB",
            met=ours.peak_mb < MOST_MEGABYTES,
            otherwise=f"It is {ours.peak_mb:.0f} MB.",
        ),
    ]
