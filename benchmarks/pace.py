"""(c) How much of the account's limit a sync uses, by how long RD Station takes for an answer."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.plot import Plot
from benchmarks.report import Section, picture, table, verdict
from harness import AccountSize, Source, account

__all__ = ["measure"]

LIMIT = 120  # requests a minute [doc]
SCALE = 20  # time runs so much faster
LATENCIES = (0.2, 0.5, 1.0, 2.0)  # seconds, before scaling
ONE_LIST = "one big list"
ALL_STREAMS = "all streams"
SHARE_WANTED = 0.9
PICTURE = "benchmarks/pace.svg"


@dataclass(frozen=True)
class Use:
    """Of the limit, by one sync."""

    share: float
    requests: int
    refused: int


def measure() -> Section:
    """One sync for each latency and kind of account."""
    uses = {
        ONE_LIST: [_use(AccountSize(contacts=100_000), latency, "contacts") for latency in LATENCIES],
        ALL_STREAMS: [
            _use(AccountSize(deals=300, contacts=300, organizations=80, tasks=200), latency) for latency in LATENCIES
        ],
    }
    plot = Plot(
        "Share of the rate limit that a sync uses",
        "seconds that RD Station takes for an answer",
        [f"{latency:g}" for latency in LATENCIES],
        {name: [100 * use.share for use in found] for name, found in uses.items()},
        top=100,
        unit=" %",
        limit=(100 * SHARE_WANTED, f"{SHARE_WANTED:.0%}"),
    )
    least = min(use.share for found in uses.values() for use in found)
    return Section(
        "Share of the rate limit used",
        [
            f"{LIMIT} requests a minute, from the first request of a sync to its last; the emulator runs {SCALE} times "
            "faster than the clock. A request counts until a minute after its answer, so about one latency a minute is "
            "given away: that keeps clear of 429 answers.",
            table(
                ("seconds an answer", *(f"{name}: {what}" for name in uses for what in ("share", "requests", "429"))),
                [
                    (f"{latency:g}", *(cell for found in uses.values() for cell in _cells(found[number])))
                    for number, latency in enumerate(LATENCIES)
                ],
            ),
            picture(PICTURE, plot.title),
            verdict(
                f"at least {SHARE_WANTED:.0%} at every latency",
                met=least >= SHARE_WANTED,
                otherwise=f"The least is {least:.1%}: few readers share the beginning and the end of a list.",
            ),
        ],
        {PICTURE: plot.svg()},
        headline=f"At least {least:.0%} of the rate limit is used, whether RD Station takes {LATENCIES[0]:g} s or "
        f"{LATENCIES[-1]:g} s for an answer.",
    )


def _cells(use: Use) -> tuple[str, ...]:
    return f"{use.share:.1%}", f"{use.requests:,}", f"{use.refused}"


def _use(size: AccountSize, latency: float, *streams: str) -> Use:
    with account(size, rate_limit_requests=LIMIT, rate_limit_window_s=60 / SCALE, latency_s=latency / SCALE) as crm:
        run = Source(crm, requests_per_minute=LIMIT * SCALE).read(*streams)
        if run.exit_code:
            raise RuntimeError(run.log)
        log = crm.requests()
    arrived = sorted(request["arrived_monotonic"] for request in log)
    a_second = (len(arrived) - 1) / (arrived[-1] - arrived[0])
    refused = sum(request["status"] == 429 for request in log)
    return Use(a_second / (LIMIT / 60 * SCALE), len(arrived), refused)
