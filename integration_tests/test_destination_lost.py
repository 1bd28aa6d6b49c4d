"""Answers that never arrive: what was written is found again, what was not is written; nothing twice, nothing lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from destination import Destination, mapping, record, rejects_in, state, statistics, table, writes
from harness import AccountSize, Emulator, Message, account

pytestmark = pytest.mark.waits(40)

PEOPLE = {"full_name": "name", "contact_email": "email"}
TINY = AccountSize(contacts=3, deals=1, organizations=1, tasks=0)
TABLES = {
    "append": table("people", PEOPLE),
    "append_dedup": table("people", PEOPLE, "append_dedup", "contact_email"),
}


def people(count: int, email: bool = True) -> list[Message]:
    rows = [
        record("people", full_name=f"Pessoa {number}", contact_email=f"p{number}@people.test" if email else None)
        for number in range(count)
    ]
    return [*rows, state("people", count)]


def names(crm: Emulator) -> Counter[str]:
    return Counter(row["name"] for row in crm.truth("contacts") if row["name"].startswith("Pessoa "))


@pytest.mark.parametrize("lag", [0.0, 3.0], ids=["findable-at-once", "findable-later"])
@pytest.mark.parametrize("mode", TABLES)
def test_given_every_tenth_answer_lost_when_created_then_every_row_is_there_once(mode: str, lag: float) -> None:
    with account(TINY, commit_then_timeout_every=10, index_lag_s=lag) as crm:
        run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLES[mode], people(150))

        assert run.exit_code == 0, run.log
        assert names(crm) == Counter(f"Pessoa {number}" for number in range(150))
        assert statistics(run) == [(150.0, 0.0)]
        assert sum(request["status"] is None for request in writes(crm)) == 15
        assert len(writes(crm)) == 150
        assert "people: 150 created, 0 updated, 0 unchanged, 0 rejected." in run.log_lines("INFO")


def test_given_equal_rows_without_email_when_answers_are_lost_then_each_is_there_as_often_as_sent() -> None:
    with account(TINY, commit_then_timeout_every=3) as crm:
        rows = [record("people", full_name="Pessoa 1") for _ in range(9)]

        run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLES["append"], [*rows, state("people", 9)])

        assert run.exit_code == 0, run.log
        assert names(crm) == {"Pessoa 1": 9}
        assert len(writes(crm)) == 9


@pytest.mark.parametrize("kind", ["reset", "500", "502", "504", "429"])
def test_given_creations_that_are_not_carried_out_when_written_then_they_are_tried_again(kind: str) -> None:
    with account(TINY) as crm:
        more: dict[str, Any] = {"retry_after": "1"} if kind == "429" else {}
        crm.fault(kind, method="POST", path="/contacts", times=3, after=5, **more)

        run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLES["append"], people(20))

        assert run.exit_code == 0, run.log
        assert names(crm) == Counter(f"Pessoa {number}" for number in range(20))
        assert statistics(run) == [(20.0, 0.0)]


@pytest.mark.parametrize("kind", ["truncate", "html_200", "data_null", "missing_id", "drop_after_write"])
def test_given_answers_that_cannot_be_read_when_created_then_the_records_are_found(kind: str) -> None:
    with account(TINY) as crm:
        crm.fault(kind, method="POST", path="/contacts", times=3, after=5)

        run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLES["append"], people(20))

        assert run.exit_code == 0, run.log
        assert names(crm) == Counter(f"Pessoa {number}" for number in range(20))


@pytest.mark.parametrize("kind", ["reset", "500", "503", "truncate", "drop_after_write"])
def test_given_updates_without_an_answer_when_written_then_they_are_tried_again(kind: str) -> None:
    with account(TINY) as crm:
        ids = sorted(crm.ids("contacts"))
        columns = {"id": "_id", "full_name": "name"}
        crm.fault(kind, method="PUT", path="/contacts", times=2)
        rows = [record("people", id=id_, full_name="Pessoa 1") for id_ in ids]

        run = Destination(crm, column_mapping=mapping(**columns)).write(table("people", columns), rows)

        assert run.exit_code == 0, run.log
        assert names(crm) == {"Pessoa 1": 3}


def test_given_a_record_that_may_be_the_lost_one_when_it_cannot_be_told_then_the_row_is_uncertain(
    tmp_path: Any,
) -> None:
    with account(TINY) as crm:
        crm.fault("reset", method="POST", path="/contacts", times=1)
        # Somebody else creates one of the same name meanwhile; its other fields are not the row's.
        columns = {**PEOPLE, "job": "job_title"}
        storage = {"storage_type": "Local", "folder": str(tmp_path)}
        destination = Destination(
            crm, column_mapping=mapping(**columns), partial_success=True, object_storage_config=storage
        )
        other = crm.create("contacts", {"name": "Pessoa 1", "job_title": "Vendas"}, at=None)[0]

        run = destination.write(
            table("people", columns), [record("people", full_name="Pessoa 1", job="Compras"), state("people", 1)]
        )

        (reject,) = rejects_in(tmp_path)
        assert run.exit_code == 0, run.log
        assert statistics(run) == [(0.0, 1.0)]
        assert "cannot be told" in reject["rejected_reason"]
        assert other["id"] in reject["rejected_reason"]


def test_given_no_creation_that_succeeds_when_written_then_the_sync_fails_as_passing_and_nothing_is_acknowledged(
) -> None:  # fmt: skip
    with account(TINY) as crm:
        crm.fault("503", method="POST", path="/contacts", times=None)

        run = Destination(crm, column_mapping=mapping(**PEOPLE), partial_success=True).write(
            TABLES["append"], people(2)
        )

        assert run.exit_code == 1
        assert [error["failure_type"] for error in run.errors] == ["transient_error"]
        assert run.of_type("STATE") == []


@pytest.mark.parametrize("goes_through", [0, 20], ids=["some-unchanged", "some-created"])
def test_given_creations_that_fail_from_some_row_on_when_rejects_are_allowed_then_rows_are_not_rejected_for_it(
    goes_through: int,
) -> None:
    with account(TINY) as crm:
        crm.create("contacts", {"name": "Pessoa 0", "emails": [{"email": "p0@people.test"}]})
        crm.fault("503", method="POST", path="/contacts", times=None, after=goes_through)

        run = Destination(crm, column_mapping=mapping(**PEOPLE), partial_success=True).write(
            TABLES["append_dedup"], people(40)
        )

        assert run.exit_code == 1
        assert [error["failure_type"] for error in run.errors] == ["transient_error"]
        assert run.of_type("STATE") == []
        assert run.log_lines("WARN") == []


@pytest.mark.long  # its look-ups wait for an index: half a minute
def test_given_one_creation_that_always_fails_when_others_succeed_then_its_row_is_rejected() -> None:
    with account(TINY) as crm:
        crm.fault("500", method="POST", path="/contacts", times=1)
        crm.fault("500", method="POST", path="/contacts", times=4, after=1)  # the other row's is let through
        destination = Destination(crm, column_mapping=mapping(**PEOPLE), partial_success=True, num_workers=1)

        run = destination.write(TABLES["append"], people(2))

        assert run.exit_code == 0, run.log
        assert names(crm) == {"Pessoa 1": 1}
        assert statistics(run) == [(1.0, 1.0)]
