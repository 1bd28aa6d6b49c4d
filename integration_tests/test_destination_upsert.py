"""Rows that are there already: found in bulk, written only where they differ, never twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from destination import Destination, mapping, record, rejects_in, state, statistics, table, writes
from harness import AccountSize, Emulator, Message, account

PEOPLE = {"full_name": "name", "contact_email": "email"}
FIRMS = {"company_name": "name", "company_website": "website", "cnpj": "@cnpj"}
TINY = AccountSize(contacts=3, deals=3, organizations=3, tasks=0)
BY_EMAIL = table("people", PEOPLE, "append_dedup", "contact_email")


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


def people(crm: Emulator, **overrides: Any) -> Destination:
    return Destination(crm, column_mapping=mapping(**PEOPLE), **overrides)


def person(number: int, name: str = "") -> Message:
    return record("people", full_name=name or f"Pessoa {number}", contact_email=f"pessoa.{number}@people.test")


def named(crm: Emulator, email: str) -> list[str]:
    return [row["name"] for row in crm.truth("contacts") if email in {each["email"] for each in row["emails"]}]


@pytest.mark.parametrize("contacts", [2_000, pytest.param(10_000, marks=pytest.mark.long)])
def test_given_contacts_of_which_1_percent_differ_when_upserted_then_a_request_for_40_and_no_write_the_next_time(
    contacts: int,
) -> None:
    with account(AccountSize(contacts=contacts, deals=1, organizations=1, tasks=0)) as crm:
        held = [(row["name"], row["emails"][0]["email"]) for row in crm.truth("contacts") if row["emails"]]
        emails = Counter(email for _, email in held)
        unique = [(name, email) for name, email in held if emails[email] == 1]
        rows = [
            record("people", full_name=f"{name} Nova" if number % 100 == 0 else name, contact_email=email)
            for number, (name, email) in enumerate(unique)
        ]
        destination = people(crm)

        first = destination.write(BY_EMAIL, [*rows, state("people", 1)])
        requests = len(crm.requests())
        changed = len(writes(crm))
        crm.clear_requests()
        second = destination.write(BY_EMAIL, [*rows, state("people", 1)])

        assert first.exit_code == second.exit_code == 0, first.log
        assert requests < contacts / 40
        assert changed == len(rows[::100])
        assert writes(crm) == []
        assert statistics(first) == statistics(second) == [(float(len(rows)), 0.0)]


@pytest.mark.parametrize("text_match", ["exact", "fold", "contains"])
def test_given_another_spelling_of_case_when_upserted_then_it_is_the_same_record(
    crm: Emulator, text_match: str
) -> None:
    crm.settings(text_match=text_match)
    crm.create("contacts", {"name": "Ana", "emails": [{"email": "Ana@People.test"}]})
    crm.create("contacts", {"name": "Outra", "emails": [{"email": "mariana@people.test"}]})

    run = people(crm).write(BY_EMAIL, [record("people", full_name="Ana Nova", contact_email="ana@people.TEST")])

    assert run.exit_code == 0, run.log
    assert [request["method"] for request in writes(crm)] == ["PUT"]
    assert named(crm, "Ana@People.test") == ["Ana Nova"]
    assert named(crm, "mariana@people.test") == ["Outra"]


def test_given_two_rows_of_one_key_when_upserted_then_the_later_wins_and_both_are_counted(crm: Emulator) -> None:
    run = people(crm).write(BY_EMAIL, [person(1, "Antes"), person(1, "Depois"), state("people", 2)])

    assert run.exit_code == 0, run.log
    assert named(crm, "pessoa.1@people.test") == ["Depois"]
    assert len(writes(crm)) == 1
    assert statistics(run) == [(2.0, 0.0)]


def test_given_a_row_that_empties_the_emails_when_the_next_sets_one_then_only_that_one_is_left(crm: Emulator) -> None:
    held = crm.create("contacts", {"name": "Ana", "emails": [{"email": "velha@people.test"}]})[0]
    columns = {"id": "_id", "contact_email": "email"}
    destination = Destination(crm, column_mapping=mapping(**columns), send_nulls=True)
    rows = [record("people", id=held["id"], contact_email=email) for email in (None, "nova@people.test")]

    run = destination.write(table("people", columns, "append_dedup", "id"), [*rows, state("people", 2)])

    (after,) = [row for row in crm.truth("contacts") if row["id"] == held["id"]]
    assert run.exit_code == 0, run.log
    assert after["emails"] == [{"email": "nova@people.test"}]
    assert statistics(run) == [(2.0, 0.0)]


def test_given_a_record_that_the_lists_do_not_show_yet_when_its_key_comes_again_then_it_is_not_created_twice(
    crm: Emulator,
) -> None:
    crm.settings(index_lag_s=600)
    batches = [message for number in range(250) for message in [person(number)]]

    run = people(crm).write(BY_EMAIL, [*batches, state("people", 1), person(7, "Depois"), state("people", 2)])

    assert run.exit_code == 0, run.log
    assert sum(request["method"] == "POST" for request in writes(crm)) == 250
    assert [request["body"]["data"]["name"] for request in writes(crm) if request["method"] == "PUT"] == ["Depois"]


def test_given_two_tables_with_one_key_when_upserted_then_their_rows_are_one_record(crm: Emulator) -> None:
    crm.settings(index_lag_s=600)
    more = table("more", PEOPLE, "append_dedup", "contact_email")
    again = record("more", full_name="Depois", contact_email="pessoa.1@people.test")

    run = people(crm).write([BY_EMAIL, more], [person(1), again, state("more", 1)])

    assert run.exit_code == 0, run.log
    assert named(crm, "pessoa.1@people.test") == ["Depois"]


def test_given_several_records_of_one_key_when_upserted_then_the_row_is_rejected_with_their_ids(
    crm: Emulator, tmp_path: Any
) -> None:
    twins = [crm.create("contacts", {"name": "Ana", "emails": [{"email": "ana@people.test"}]})[0] for _ in range(2)]
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    row = record("people", full_name="Ana Nova", contact_email="ana@people.test")

    run = people(crm, partial_success=True, object_storage_config=storage).write(BY_EMAIL, [row, state("people", 1)])

    (reject,) = rejects_in(tmp_path)
    assert run.exit_code == 0, run.log
    assert writes(crm) == []
    assert all(twin["id"] in reject["rejected_reason"] for twin in twins)
    assert (reject["field"], reject["column"]) == ("email", "contact_email")


def test_given_rows_that_match_nothing_when_updated_then_they_are_rejected_and_the_others_updated(
    crm: Emulator,
) -> None:
    crm.create("contacts", {"name": "Ana", "emails": [{"email": "pessoa.1@people.test"}]})
    configured = table("people", PEOPLE, "update", "contact_email")

    run = people(crm, partial_success=True).write(configured, [person(1), person(2), state("people", 2)])

    assert run.exit_code == 0, run.log
    assert [request["method"] for request in writes(crm)] == ["PUT"]
    assert statistics(run) == [(1.0, 1.0)]
    assert run.log_lines("WARN") == ["people: row 2, column contact_email: no record has this matching key"]


@pytest.mark.parametrize("duplicate", ["400", "422"])
def test_given_a_taken_name_when_upserted_by_another_key_then_that_organization_is_updated(
    crm: Emulator, duplicate: str
) -> None:
    crm.settings(duplicate=duplicate)
    held = crm.create("organizations", {"name": "Padaria Aurora", "custom_fields": {}})[0]
    destination = Destination(crm, mode="organizations", column_mapping=mapping(**FIRMS))
    row = record(
        "firms", company_name="Padaria Aurora", company_website="https://aurora.test", cnpj="00.000.000/0001-00"
    )

    run = destination.write(table("firms", FIRMS, "append_dedup", "cnpj"), [row, state("firms", 1)])

    (after,) = [each for each in crm.truth("organizations") if each["name"] == "Padaria Aurora"]
    assert run.exit_code == 0, run.log
    assert (after["id"], after["url"]) == (held["id"], "https://aurora.test")
    assert after["custom_fields"]["cnpj"] == "00.000.000/0001-00"


@pytest.mark.parametrize("duplicate", ["400", "422"])
def test_given_a_taken_name_when_appended_then_the_row_is_rejected(crm: Emulator, duplicate: str) -> None:
    crm.settings(duplicate=duplicate)
    held = crm.create("organizations", {"name": "Padaria Aurora"})[0]
    destination = Destination(crm, mode="organizations", column_mapping=mapping(**FIRMS), partial_success=True)
    row = record("firms", company_name="Padaria Aurora")

    run = destination.write(table("firms", FIRMS), [row, state("firms", 1)])

    assert statistics(run) == [(0.0, 1.0)]
    assert held["id"] in run.log_lines("WARN")[0]


def test_given_a_faulty_row_among_two_of_one_record_when_upserted_then_only_it_is_rejected(crm: Emulator) -> None:
    columns = {**PEOPLE, "org": "organization_id"}
    destination = Destination(crm, column_mapping=mapping(**columns), partial_success=True)
    faulty = record("people", full_name="Depois", contact_email="pessoa.1@people.test", org="f" * 24)

    run = destination.write(
        table("people", columns, "append_dedup", "contact_email"), [person(1, "Antes"), faulty, state("people", 2)]
    )

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0)]
    assert named(crm, "pessoa.1@people.test") == ["Antes"]
    assert run.log_lines("WARN") == [
        "people: row 2, column org: RD Station refuses the values (422): organization_id not found"
    ]


@pytest.mark.parametrize("named_first", [True, False])
def test_given_a_key_that_another_row_gives_to_a_record_by_id_when_upserted_then_no_other_is_created(
    crm: Emulator, named_first: bool
) -> None:
    held = crm.create("contacts", {"name": "Ana"})[0]
    columns = {"id": "_id", **PEOPLE}
    named = record("people", id=held["id"], full_name="Ana", contact_email="ana@people.test")
    keyed = record("people", id=None, full_name="Ana", contact_email="ANA@people.test")
    rows = [named, keyed] if named_first else [keyed, named]

    run = Destination(crm, column_mapping=mapping(**columns)).write(
        table("people", columns, "append_dedup", "contact_email"), [*rows, state("people", 2)]
    )

    assert run.exit_code == 0, run.log
    assert [(request["method"], request["path"].split("/")[-1]) for request in writes(crm)] == [("PUT", held["id"])]
    assert statistics(run) == [(2.0, 0.0)]


def test_given_rows_of_one_name_and_other_keys_when_upserted_then_they_are_one_organization_and_the_last_one_wins(
    crm: Emulator,
) -> None:
    crm.settings(index_lag_s=600)  # the first of them cannot be found when the next one is refused
    rows = [
        record("firms", company_name="Padaria Aurora", company_website=f"https://{number}.test", cnpj=f"1100{number}")
        for number in range(1, 9)
    ]
    destination = Destination(crm, mode="organizations", column_mapping=mapping(**FIRMS))

    run = destination.write(table("firms", FIRMS, "append_dedup", "cnpj"), [*rows, state("firms", 8)])

    (after,) = [each for each in crm.truth("organizations") if each["name"] == "Padaria Aurora"]
    assert run.exit_code == 0, run.log
    assert (after["url"], after["custom_fields"]["cnpj"]) == ("https://8.test", "11008")
    assert statistics(run) == [(8.0, 0.0)]


def test_given_a_key_longer_than_a_request_when_upserted_then_only_its_row_is_rejected(crm: Emulator) -> None:
    endless = record("people", full_name="Ana", contact_email="a" * 100_000 + "@people.test")

    run = people(crm, partial_success=True).write(BY_EMAIL, [endless, person(1), state("people", 2)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0)]
    assert run.log_lines("WARN") == [
        "people: row 1, column contact_email: the matching key is too long to be looked up"
    ]


def test_given_a_name_that_over_10000_records_contain_when_upserted_by_name_then_its_row_alone_is_rejected(
    tmp_path: Any,
) -> None:
    with account(AccountSize(contacts=12_000, deals=1, organizations=1, tasks=0)) as crm:
        storage = {"storage_type": "Local", "folder": str(tmp_path)}
        destination = people(crm, partial_success=True, object_storage_config=storage)
        before = len(crm.ids("contacts"))

        run = destination.write(
            table("people", PEOPLE, "append_dedup", "full_name"),
            [record("people", full_name="o"), record("people", full_name="Xpto Ltda"), state("people", 1)],
        )

        assert run.exit_code == 0, run.log
        assert statistics(run) == [(1.0, 1.0)]
        assert "too many records contain" in rejects_in(tmp_path)[0]["rejected_reason"]
        assert len(crm.ids("contacts")) == before + 1
