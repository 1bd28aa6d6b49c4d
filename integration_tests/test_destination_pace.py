"""Creations use the account's limit nearly whole, and nearly never hit it. The real limit and latency, scaled by 20."""

from __future__ import annotations

from typing import Any

import pytest

from destination import Destination, mapping, record, state, statistics, table, writes
from harness import AccountSize, account

pytestmark = [pytest.mark.alone, pytest.mark.long]

PEOPLE = {"full_name": "name", "contact_email": "email"}
LIMIT: dict[str, Any] = {"rate_limit_requests": 120, "rate_limit_window_s": 3.0, "latency_s": 0.05}
PER_MINUTE = 2_400
PER_SECOND = 40


@pytest.mark.parametrize("rows", [600, pytest.param(4_000, id="4000-rows", marks=pytest.mark.long)])
def test_given_creations_at_a_limit_of_40_a_second_when_written_then_90_percent_of_it_is_used(rows: int) -> None:
    with account(AccountSize(contacts=3, deals=1, organizations=1, tasks=0), **LIMIT) as crm:
        messages = [record("people", full_name=f"P {n}", contact_email=f"p{n}@people.test") for n in range(rows)]
        destination = Destination(crm, column_mapping=mapping(**PEOPLE), requests_per_minute=PER_MINUTE)

        run = destination.write(table("people", PEOPLE), [*messages, state("people", 1)])

        moments = sorted(request["arrived_monotonic"] for request in crm.requests())
        refused = sum(request["status"] == 429 for request in crm.requests())
        assert run.exit_code == 0, run.log
        assert statistics(run) == [(float(rows), 0.0)]
        assert (len(moments) - 1) / (moments[-1] - moments[0]) >= 0.9 * PER_SECOND
        assert refused < 0.01 * len(moments)
        assert len(writes(crm)) - refused == rows
