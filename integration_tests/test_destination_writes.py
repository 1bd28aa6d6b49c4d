"""What the answer to a write tells: nothing, or that something of it was not taken."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import pytest

from destination import Destination, mapping, record, state, statistics, table, writes
from harness import AccountSize, Emulator, Message, account

PEOPLE: Final = {"full_name": "name", "contact_email": "email", "job": "job_title"}
BY_EMAIL: Final = table("people", PEOPLE, "append_dedup", "contact_email")
TINY: Final = AccountSize(contacts=3, deals=1, organizations=1, tasks=0)


def people(crm: Emulator, **overrides: Any) -> Destination:
    return Destination(crm, column_mapping=mapping(**PEOPLE), **overrides)


def person(number: int, job: str) -> Message:
    return record("people", full_name=f"Pessoa {number}", contact_email=f"p{number}@people.test", job=job)


@pytest.mark.parametrize("empty", ["200", "204"])
def test_given_writes_that_are_answered_without_a_body_when_written_then_they_count_and_nothing_comes_twice(
    empty: str,
) -> None:
    with account(TINY) as crm:
        crm.settings(empty_success=empty)
        destination = people(crm)

        first = destination.write(BY_EMAIL, [*(person(n, "Compras") for n in range(4)), state("people", 1)])
        crm.clear_requests()
        second = destination.write(BY_EMAIL, [*(person(n, "Vendas") for n in range(4)), state("people", 2)])

        assert first.exit_code == second.exit_code == 0, second.log
        assert statistics(first) == statistics(second) == [(4.0, 0.0)]
        assert Counter(request["method"] for request in writes(crm)) == {"PUT": 4}
        held = [row for row in crm.truth("contacts") if row["name"].startswith("Pessoa")]
        assert Counter(row["job_title"] for row in held) == {"Vendas": 4}


def test_given_a_field_that_is_accepted_and_dropped_when_written_then_that_is_said_once() -> None:
    with account(TINY) as crm:
        crm.settings(dropped_fields=["job_title"])

        run = people(crm).write(BY_EMAIL, [*(person(n, "Segredo da linha") for n in range(4)), state("people", 1)])

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(4.0, 0.0)]
        (line,) = run.log_lines("WARN")
        assert "job_title" in line
        assert "Segredo" not in run.log
