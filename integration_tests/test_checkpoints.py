"""A killed sync repeats little: never more than 20 requests of one stream without a STATE on stdout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest

from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Run, Source, Version, account

pytestmark = pytest.mark.waits(35)

MOST_REQUESTS = 20
# A second's share goes out at once, so that it has to be well below 20; stdout is read as it comes.
PACE = {"requests_per_minute": 300}
LATE = 1.0  # seconds from a printed line to its reader on a busy machine: what arrived then may have followed it
TALKS = ConversasSize(contacts=30, messages_per_contact=110)
IN_ONE_SECOND = "2026-08-30T10:20:30Z"


@dataclass(frozen=True)
class Case:
    """A stream whose read takes some fifty requests."""

    stream: str
    size: AccountSize = field(default_factory=AccountSize)
    conversas: ConversasSize = field(default_factory=ConversasSize)
    imported: int = 0
    """Rows that are all of one second."""
    days: int = 0
    """How many to read of a stream that takes a request a day."""


CASES = {
    V2: [
        Case("contacts", AccountSize(contacts=8_800)),
        Case("contacts", AccountSize(contacts=1), imported=2_600),
        Case("deal_notes", AccountSize(deals=45)),
        Case("deal_products", AccountSize(deals=100)),
        Case("users", AccountSize(users=1_200)),  # swept again
    ],
    V1: [
        Case("contacts", AccountSize(contacts=1), imported=900),
        Case("deal_contacts", AccountSize(deals=45)),
        Case("deals_details", AccountSize(deals=45)),
        Case("tasks", AccountSize(tasks=1_300)),
    ],
    CONVERSAS: [
        Case("attendances_summary", days=45),
        Case("campaigns", conversas=ConversasSize(campaigns=45)),
        Case("contacts", conversas=ConversasSize(contacts=4_100)),
        Case("messages", conversas=TALKS),
        Case("messages_history", conversas=TALKS),
        Case("reports", conversas=ConversasSize(reports=2_100)),
    ],
}
LONG_CASES = {
    V2: [
        Case("deals", AccountSize(deals=8_800)),
        Case("deals", AccountSize(deals=1), imported=2_600),
        Case("tasks", AccountSize(tasks=8_600)),
        Case("stages", AccountSize(pipelines=45)),
    ],
    V1: [
        Case("contacts", AccountSize(contacts=8_800)),
        Case("companies", AccountSize(organizations=8_800)),
        Case("deals", AccountSize(deals=8_800)),
        Case("deal_stages", AccountSize(pipelines=45)),
    ],
}


def longest_silence(run: Run, crm: Emulator) -> int:
    """The most requests that arrived between two STATE lines (or the beginning and the first)."""
    asked: list[float] = [request["arrived_monotonic"] for request in crm.requests()]
    stated = [line.at for line in run.lines if line.text.startswith(b'{"type":"STATE"')]
    edges = [0.0, *stated, float("inf")]
    return max(sum(before < moment <= after - LATE for moment in asked) for before, after in pairwise(edges))


def silence_of(api: Version, case: Case) -> int:
    """The longest silence of a read."""
    with account(case.size, conversas=case.conversas) as crm:
        if case.imported:
            crm.create(case.stream, count=case.imported, at=IN_ONE_SECOND)

        start = datetime.now(timezone.utc) - timedelta(days=case.days)
        config: dict[str, Any] = {**PACE, "start_date": start.date().isoformat()} if case.days else PACE
        run = Source(crm, api, **config).read(case.stream)

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > 2 * MOST_REQUESTS, case
        return longest_silence(run, crm)


@pytest.mark.parametrize(
    ("api", "cases"),
    [
        *(pytest.param(api, cases, id=str(api)) for api, cases in CASES.items()),
        *(pytest.param(api, cases, id=f"{api}-long", marks=pytest.mark.long) for api, cases in LONG_CASES.items()),
    ],
)
def test_given_many_requests_when_read_then_a_state_at_least_every_20(api: Version, cases: list[Case]) -> None:
    with ThreadPoolExecutor(len(cases)) as pool:  # each waits for its pace
        silences = dict(zip(cases, pool.map(lambda case: silence_of(api, case), cases), strict=True))

    assert {case: silence for case, silence in silences.items() if silence > MOST_REQUESTS} == {}
