"""A killed sync repeats little: never more than 20 requests of one stream without a STATE on stdout."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness import CONVERSAS, V1, V2, AccountSize, DeskSize, Emulator, Run, Source, Version, account

pytestmark = pytest.mark.waits(35)

MOST_REQUESTS = 20
# A second's share goes out at once, so that it has to be well below 20; stdout is read as it comes.
PACE = {"requests_per_minute": 300}
LATE = 1.0  # seconds from a printed line to its reader on a busy machine: what arrived then may have followed it
TALKS = DeskSize(contacts=30, messages_per_contact=110)


def longest_silence(run: Run, crm: Emulator) -> int:
    """The most requests that arrived between two STATE lines (or the beginning and the first)."""
    asked: list[float] = [request["arrived_monotonic"] for request in crm.requests()]
    stated = [line.at for line in run.lines if line.text.startswith(b'{"type":"STATE"')]
    edges = [0.0, *stated, float("inf")]
    return max(sum(before < moment <= after - LATE for moment in asked) for before, after in pairwise(edges))


@pytest.mark.parametrize(
    ("api", "stream", "size"),
    [
        pytest.param(V2, "contacts", AccountSize(contacts=8_800), id="v2-contacts"),
        pytest.param(V2, "deals", AccountSize(deals=8_800), id="v2-deals", marks=pytest.mark.long),
        pytest.param(V2, "tasks", AccountSize(tasks=8_600), id="v2-tasks", marks=pytest.mark.long),
        pytest.param(V2, "deal_notes", AccountSize(deals=45), id="v2-deal-notes"),
        pytest.param(V2, "deal_products", AccountSize(deals=100), id="v2-deal-products"),
        pytest.param(V2, "users", AccountSize(users=1_200), id="v2-users-swept-again"),
        pytest.param(V2, "stages", AccountSize(pipelines=45), id="v2-stages", marks=pytest.mark.long),
        pytest.param(V1, "contacts", AccountSize(contacts=8_800), id="v1-contacts", marks=pytest.mark.long),
        pytest.param(V1, "companies", AccountSize(organizations=8_800), id="v1-companies", marks=pytest.mark.long),
        pytest.param(V1, "deals", AccountSize(deals=8_800), id="v1-deals", marks=pytest.mark.long),
        pytest.param(V1, "deals_details", AccountSize(deals=45), id="v1-deals-details"),
        pytest.param(V1, "deal_stages", AccountSize(pipelines=45), id="v1-deal-stages", marks=pytest.mark.long),
        pytest.param(V1, "tasks", AccountSize(tasks=1_300), id="v1-tasks"),
        pytest.param(CONVERSAS, "contacts", DeskSize(contacts=4_100), id="conversas-contacts"),
        pytest.param(CONVERSAS, "messages", TALKS, id="conversas-messages"),
        pytest.param(CONVERSAS, "messages_history", TALKS, id="conversas-messages-history"),
        pytest.param(CONVERSAS, "reports", DeskSize(reports=2_100), id="conversas-reports"),
    ],
)
def test_given_many_requests_when_read_then_a_state_at_least_every_20(
    api: Version, stream: str, size: AccountSize | DeskSize
) -> None:
    with account(desk=size) if isinstance(size, DeskSize) else account(size) as crm:
        run = Source(crm, api, **PACE).read(stream)

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > 2 * MOST_REQUESTS
        assert longest_silence(run, crm) <= MOST_REQUESTS


@pytest.mark.parametrize(
    ("api", "stream", "count"),
    [
        pytest.param(V2, "contacts", 2_600, id="v2-contacts"),
        pytest.param(V2, "deals", 2_600, id="v2-deals", marks=pytest.mark.long),
        pytest.param(V1, "contacts", 900, id="v1-contacts"),
    ],
)
def test_given_an_import_in_one_second_when_read_then_a_state_at_least_every_20_requests(
    api: Version, stream: str, count: int
) -> None:
    with account(AccountSize(**{stream: 1})) as crm:
        crm.create(stream, count=count, at="2026-08-30T10:20:30Z")

        run = Source(crm, api, **PACE).read(stream)

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > 2 * MOST_REQUESTS
        assert longest_silence(run, crm) <= MOST_REQUESTS
