"""A killed sync repeats little: never more than 20 requests of one stream without a STATE on stdout."""

from __future__ import annotations

from itertools import pairwise

import pytest

from harness import AccountSize, Emulator, Run, Source, account

MOST_REQUESTS = 20
# A second's share goes out at once, so that it has to be well below 20; stdout is read as it comes.
PACE = {"requests_per_minute": 600}


def longest_silence(run: Run, crm: Emulator) -> int:
    """The most requests that arrived between two STATE lines (or the beginning and the first)."""
    asked: list[float] = [request["arrived_monotonic"] for request in crm.requests()]
    stated = [line.at for line in run.lines if line.text.startswith(b'{"type":"STATE"')]
    edges = [0.0, *stated, float("inf")]
    return max(sum(before < moment <= after for moment in asked) for before, after in pairwise(edges))


@pytest.mark.parametrize(
    ("stream", "size"),
    [
        pytest.param("contacts", AccountSize(contacts=8_800), id="contacts"),
        pytest.param("deals", AccountSize(deals=8_800), id="deals"),
        pytest.param("tasks", AccountSize(tasks=8_600), id="tasks"),
        pytest.param("deal_notes", AccountSize(deals=45), id="deal-notes"),
        pytest.param("deal_products", AccountSize(deals=100), id="deal-products"),
        pytest.param("users", AccountSize(users=1_200), id="users-swept-again"),
        pytest.param("stages", AccountSize(pipelines=45), id="stages"),
    ],
)
def test_given_many_requests_when_read_then_a_state_at_least_every_20(stream: str, size: AccountSize) -> None:
    with account(size) as crm:
        run = Source(crm, **PACE).read(stream)

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > 2 * MOST_REQUESTS
        assert longest_silence(run, crm) <= MOST_REQUESTS


@pytest.mark.parametrize("stream", ["contacts", "deals"])
def test_given_an_import_in_one_second_when_read_then_a_state_at_least_every_20_requests(stream: str) -> None:
    with account(AccountSize(**{stream: 1})) as crm:
        crm.create(stream, count=2_600, at="2026-08-30T10:20:30Z")

        run = Source(crm, **PACE).read(stream)

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > 2 * MOST_REQUESTS
        assert longest_silence(run, crm) <= MOST_REQUESTS
