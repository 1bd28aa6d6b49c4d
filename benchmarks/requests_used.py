"""(b) How many requests a sync takes: everything, nothing new, one per cent changed. Beside a reader by page number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import requests

from benchmarks.report import Section, table, verdict
from harness import AccountSize, Emulator, Message, Source, account

__all__ = ["measure"]

PAGE = 200
DEALS_ALONE = ("deals",)
WITH_CHILDREN = ("deals", "deal_notes", "deal_products")
ACCOUNTS = (
    (1_000, DEALS_ALONE),
    (10_000, DEALS_ALONE),
    (100_000, DEALS_ALONE),
    (1_000, WITH_CHILDREN),
    (10_000, WITH_CHILDREN),
)
CHANGED = 0.01
WHY_MORE = (
    "Each page begins with the second in which the last one ended, and each part that is read side by side with others "
    "ends with a page that is not full."
)


@dataclass(frozen=True)
class Syncs:
    """Requests of three syncs of one account, and what a reader by page number would take and get."""

    deals: int
    streams: tuple[str, ...]
    full: int
    unchanged: int
    changed: int
    by_number: int
    reached: int

    @property
    def fair(self) -> int:
        """The fewest requests that can show every deal."""
        return math.ceil(self.deals / PAGE)


def measure() -> Section:
    """Three syncs of each account."""
    found = [_syncs(deals, streams) for deals, streams in ACCOUNTS]
    heads = ("account", "rows / 200", "full", "unchanged", "1 % changed", "by page number, each time", "deals it gets")
    alone = [syncs for syncs in found if syncs.streams == DEALS_ALONE]
    over = [syncs for syncs in alone if syncs.full > syncs.fair + math.ceil(syncs.fair / 10)]
    return Section(
        "Requests a sync takes",
        [
            "Requests are what RD Station rations. A reader by page number knows no state, reads everything each time, "
            "asks for the notes and the products of every deal, and ends at the API's wall of 10,000 rows.",
            table(heads, map(_row, found)),
            verdict(
                "a full read of a list takes at most 10 % more than rows / 200, rounded up",
                met=not over,
                otherwise="; ".join(f"{syncs.deals:,} deals: {syncs.full} for {syncs.fair}" for syncs in over)
                + f". {WHY_MORE}",
            ),
        ],
        headline=_headline(alone[1]),
    )


def _headline(syncs: Syncs) -> str:
    return (
        f"{syncs.deals:,} deals take {syncs.full} requests the first time, {syncs.unchanged} when nothing changed; a "
        f"reader by page number takes {syncs.by_number} each time."
    )


def _row(syncs: Syncs) -> list[str]:
    below = "" if syncs.streams == DEALS_ALONE else ", notes, products"
    reached = f"{syncs.reached:,}" if syncs.reached == syncs.deals else f"{syncs.reached:,} of {syncs.deals:,}"
    counts = (syncs.fair, syncs.full, syncs.unchanged, syncs.changed, syncs.by_number)
    return [f"{syncs.deals:,} deals{below}", *(f"{count:,}" for count in counts), reached]


def _syncs(deals: int, streams: tuple[str, ...]) -> Syncs:
    with account(AccountSize(deals=deals)) as crm:
        reached, pages = _read_by_number(crm)
        below = reached * (len(streams) - 1)  # a request for each list below each deal
        full, unchanged, changed = _three_syncs(crm, streams, deals)
        return Syncs(deals, streams, full, unchanged, changed, by_number=pages + below, reached=reached)


def _three_syncs(crm: Emulator, streams: tuple[str, ...], deals: int) -> tuple[int, int, int]:
    source = Source(crm)

    def sync(state: Sequence[Message] | None) -> tuple[int, Sequence[Message]]:
        crm.clear_requests()
        run = source.read(*streams, state=state)
        if run.exit_code:
            raise RuntimeError(run.log)
        return len(crm.requests()), run.states

    full, state = sync(None)
    unchanged, state = sync(state)
    crm.bulk_edit("deals", count=round(deals * CHANGED), spread=True)
    changed, _ = sync(state)
    return full, unchanged, changed


def _read_by_number(crm: Emulator) -> tuple[int, int]:
    """(deals, requests) of a reader that follows page numbers until the API refuses."""
    config = crm.config()
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {config['credentials']['access_token']}"
        got, number = 0, 0
        while True:
            number += 1
            query: dict[str, str | int] = {"page[number]": number, "page[size]": PAGE, "sort[created_at]": "asc"}
            answer = session.get(f"{config['api_base_url']}/crm/v2/deals", params=query, timeout=60)
            rows = answer.json()["data"] if answer.ok else []
            got += len(rows)
            if len(rows) < PAGE:
                return got, number
