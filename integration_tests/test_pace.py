"""The account's limit is used nearly whole, and nearly never hit: real processes against a real server.

The real scale is played in virtual time (tests/test_rate_limit.py). Here the real 2 requests a second at 1 s latency
are scaled by 20, 40 a second at 50 ms: one such read in `make test`, where nothing is timed, the others, alone, in
`make test-long`.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

import pytest

from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Run, Source, account
from truth_conversas import held, told

LIMIT: dict[str, Any] = {"rate_limit_requests": 120, "rate_limit_window_s": 3.0, "latency_s": 0.05}
PER_MINUTE = 2_400
SHARE = 40


def arrivals(crm: Emulator) -> list[float]:
    return sorted(request["arrived_monotonic"] for request in crm.requests())


def assert_good_use(run: Run, crm: Emulator, per_second: float) -> None:
    """At least 90 % of the allowed rate from the first request to the last, under 1 % refused, no burst."""
    assert run.exit_code == 0, run.log
    moments = arrivals(crm)
    rate = (len(moments) - 1) / (moments[-1] - moments[0])
    assert rate >= 0.9 * per_second
    refused = sum(request["status"] == 429 for request in crm.requests())
    assert refused < 0.01 * len(moments)
    # No second carries much more than the share: what the wire and threads delay may bunch up a little.
    busiest = max(bisect_left(moments, start + 1.0) - number for number, start in enumerate(moments))
    assert busiest <= 1.5 * per_second


def test_given_all_streams_when_read_at_a_limit_of_40_a_second_then_nearly_no_request_is_refused() -> None:
    with account(AccountSize(deals=70, contacts=70, organizations=20, tasks=70), **LIMIT) as crm:
        run = Source(crm, requests_per_minute=PER_MINUTE).read()

        assert run.exit_code == 0, run.log
        assert len(crm.requests()) > LIMIT["rate_limit_requests"], "the limit was out of reach"
        assert sum(request["status"] == 429 for request in crm.requests()) <= 2
        assert all(run.ids(stream) == crm.ids(stream) for stream in V2.streams if stream != "teams")


@pytest.mark.alone
@pytest.mark.long
@pytest.mark.parametrize("deals", [150, 2_000])
def test_given_all_streams_when_read_at_a_limit_of_40_a_second_then_90_percent_of_it_is_used(deals: int) -> None:
    with account(AccountSize(deals=deals, contacts=deals, organizations=deals // 4, tasks=deals), **LIMIT) as crm:
        run = Source(crm, requests_per_minute=PER_MINUTE).read()

        assert_good_use(run, crm, SHARE)
        assert all(run.ids(stream) == crm.ids(stream) for stream in V2.streams if stream != "teams")


@pytest.mark.alone
@pytest.mark.long
def test_given_one_big_list_alone_when_read_at_a_limit_of_40_a_second_then_90_percent_of_it_is_used() -> None:
    with account(AccountSize(contacts=100_000), **LIMIT) as crm:
        run = Source(crm, requests_per_minute=PER_MINUTE).read("contacts")

        assert_good_use(run, crm, SHARE)
        assert run.ids("contacts") == crm.ids("contacts")


@pytest.mark.alone
@pytest.mark.long
def test_given_all_streams_of_v1_when_read_at_a_limit_of_40_a_second_then_90_percent_of_it_is_used() -> None:
    with account(AccountSize(deals=250, contacts=600, organizations=300, tasks=100), **LIMIT) as crm:
        run = Source(crm, V1, requests_per_minute=PER_MINUTE).read()

        assert_good_use(run, crm, SHARE)
        assert all(run.ids(stream) == V1.ids(crm, stream) for stream in V1.streams)


@pytest.mark.alone
@pytest.mark.long
def test_given_the_history_of_many_contacts_when_read_at_a_limit_of_15_a_second_then_90_percent_of_it_is_used() -> None:
    # Answers take twice as long as seen: reading one contact after another would not do.
    bucket: dict[str, Any] = {"conversas_bucket_per_minute": 960, "conversas_bucket_burst": 30, "latency_s": 0.1}
    with account(conversas=ConversasSize(contacts=80, messages_per_contact=150), **bucket) as crm:
        run = Source(crm, CONVERSAS, requests_per_minute=900).read("messages")

        assert_good_use(run, crm, 15)
        assert told(run) == held(crm)


@pytest.mark.alone
@pytest.mark.long
def test_given_the_real_limit_and_latency_when_read_then_90_percent_of_it_is_used() -> None:
    size = AccountSize(deals=20, contacts=400, organizations=40, tasks=40)
    with account(size, rate_limit_requests=120, rate_limit_window_s=60.0, latency_s=1.0) as crm:
        source = Source(crm)
        del source.config["requests_per_minute"]  # the default

        run = source.read()

        assert_good_use(run, crm, 2)


def test_given_another_integration_on_the_same_account_when_read_then_it_waits_as_told_and_is_complete() -> None:
    with account(AccountSize(deals=60), rate_limit_requests=20, rate_limit_window_s=1.0) as crm:
        run = Source(crm).read("deals", "deal_notes")  # its own pace is far above the limit, as if others used it up

        assert run.exit_code == 0, run.log
        assert run.ids("deal_notes") == crm.ids("deal_notes")
        assert 429 in {request["status"] for request in crm.requests()}
