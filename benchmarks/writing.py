"""(d) Requests and time for 10,000 rows into contacts, by how many of them differ from what the CRM holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchmarks.pace import LIMIT, SCALE
from benchmarks.report import Section, table
from destination import Destination, mapping, record, state, statistics, writes
from destination import table as configured
from harness import AccountSize, Message, account

__all__ = ["measure"]

ROWS = 10_000
CONTACTS = AccountSize(contacts=11_500, deals=1, organizations=1, tasks=0)  # one in ten has no e-mail
LATENCY = 1.0  # seconds, before scaling
SPEEDS: Mapping[float, int] = {0.0: 1, 0.01: 1, 1.0: SCALE}
"""How many times faster than the clock, by the share of rows that differ: a short run needs no haste, and at twenty
times the speed this machine's own work would count twenty times."""
NAME, EMAIL = "full_name", "contact_email"
PEOPLE = configured("people", (NAME, EMAIL), "append_dedup", EMAIL)


@dataclass(frozen=True)
class Upsert:
    """One run over all rows."""

    changed: int
    written: int
    requests: int
    refused: int
    seconds: float

    @property
    def one_by_one(self) -> int:
        """The requests of a look-up for each row, and of a write for each that differs."""
        return ROWS + self.changed


def measure() -> Section:
    """An account and a run for each share, side by side: they mostly wait."""
    with ThreadPoolExecutor(len(SPEEDS)) as pool:
        found = list(pool.map(_upsert, SPEEDS.keys(), SPEEDS.values()))
    heads = ("rows that differ", "requests", "of them writes", "429", "minutes", "one by one", "its minutes", "times")
    return Section(
        f"{ROWS:,} rows upserted by e-mail",
        [
            f"Into contacts that are there already (`append_dedup`), at {LIMIT} requests a minute and {LATENCY:g} s an "
            f"answer; where every row differs, {SCALE} times faster than the clock. The CRM takes one record a write: "
            "what can be saved is look-ups, and writes of equal rows. *One by one* is the program that looks up each "
            "row, writes it where it differs and uses the limit in full: reckoned, not run.",
            table(heads, map(_row, found)),
        ],
    )


def _row(upsert: Upsert) -> Sequence[object]:
    return (
        f"{upsert.changed:,}",
        f"{upsert.requests:,}",
        f"{upsert.written:,}",
        upsert.refused,
        f"{upsert.seconds / 60:.1f}",
        f"{upsert.one_by_one:,}",
        f"{upsert.one_by_one / LIMIT:.1f}",
        f"{upsert.one_by_one / upsert.requests:.1f}",
    )


def _upsert(share: float, speed: int) -> Upsert:
    with account(CONTACTS, rate_limit_requests=LIMIT, rate_limit_window_s=60 / speed, latency_s=LATENCY / speed) as crm:
        held = [(row["name"], row["emails"][0]["email"]) for row in crm.truth("contacts") if row["emails"]][:ROWS]
        changed = round(share * ROWS)
        columns = mapping(**{NAME: "name", EMAIL: "email"})
        destination = Destination(crm, column_mapping=columns, requests_per_minute=LIMIT * speed)
        run = destination.write(PEOPLE, [*_messages(held, changed), state("people", 1)])
        if run.exit_code or statistics(run) != [(float(ROWS), 0.0)]:
            raise RuntimeError(run.log)
        log, written = crm.requests(), writes(crm)
    arrived = [request["arrived_monotonic"] for request in log]
    refused = sum(request["status"] == 429 for request in log)
    seconds = (max(arrived) - min(arrived)) * speed + LATENCY
    return Upsert(changed, len(written), len(log), refused, seconds)


def _messages(held: Sequence[tuple[str, str]], changed: int) -> list[Message]:
    """A row for each contact; `changed` of them, spread evenly, differ from it."""
    differing = range(0, len(held), len(held) // changed) if changed else ()
    return [
        record("people", **{NAME: f"{name} Nova" if number in differing else name, EMAIL: email})
        for number, (name, email) in enumerate(held)
    ]
