"""The example tables of the three objects arrive exactly, on the wire and in the account; all else survives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from destination import Destination, mapping, record, state, statistics, table, writes
from harness import AccountSize, Emulator, account

SIZE = AccountSize(contacts=3, deals=3, organizations=3, tasks=0)
PEOPLE = {"full_name": "name", "contact_email": "email", "phone_number": "phone", "cpf": "@cpf"}
SALES = {"deal_name": "name", "org_id": "organization_id", "stage": "stage_id", "amount": "@valor_credito"}
FIRMS = {"company_name": "name", "company_website": "website", "cnpj": "@cnpj"}


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(SIZE) as running:
        yield running


def bodies(crm: Emulator) -> list[tuple[str, str, dict[str, Any]]]:
    return [(request["method"], request["path"].split("/")[3], request["body"]["data"]) for request in writes(crm)]


def one(crm: Emulator, list_: str, /, **fields: Any) -> dict[str, Any]:
    (found,) = [row for row in crm.truth(list_) if all(row[key] == value for key, value in fields.items())]
    return dict(found)


def test_given_a_table_of_people_when_appended_then_they_are_contacts(crm: Emulator) -> None:
    destination = Destination(crm, column_mapping=mapping(**PEOPLE))
    rows = [
        record("people", full_name="Ana Exemplo", contact_email="ana@people.test", phone_number="+55 11 90000-0001",
               cpf="000.000.000-01"),
        record("people", full_name="Bia Exemplo", contact_email=None, phone_number="", cpf=None),
    ]  # fmt: skip

    run = destination.write(table("people", PEOPLE), [*rows, state("people", 2)])

    assert run.exit_code == 0, run.log
    assert sorted(bodies(crm), key=str) == sorted(
        [
            ("POST", "contacts", {"name": "Ana Exemplo", "emails": [{"email": "ana@people.test"}],
             "phones": [{"phone": "+55 11 90000-0001", "type": "mobile"}],
             "custom_fields": {"cpf": "000.000.000-01"}}),
            ("POST", "contacts", {"name": "Bia Exemplo"}),
        ],
        key=str,
    )  # fmt: skip
    assert one(crm, "contacts", name="Ana Exemplo")["custom_fields"]["cpf"] == "000.000.000-01"
    assert statistics(run) == [(2.0, 0.0)]


def test_given_a_table_of_sales_when_appended_then_they_are_ongoing_deals(crm: Emulator) -> None:
    crm.settings(deal_requires="none")  # which accounts ask for an owner is unknown
    crm.create("custom_fields", {"slug": "valor_credito", "entity": "deal", "type": "text", "name": "Valor"})
    organization = sorted(crm.ids("organizations"))[0]
    stage = sorted(crm.ids("stages"))[0]
    destination = Destination(crm, mode="deals", column_mapping=mapping(**SALES))
    row = record("sales", deal_name="Plano anual", org_id=organization, stage=stage, amount=50000)

    run = destination.write(table("sales", SALES), [row])

    assert run.exit_code == 0, run.log
    assert bodies(crm) == [
        ("POST", "deals", {"name": "Plano anual", "status": "ongoing", "organization_id": organization,
                           "stage_id": stage, "custom_fields": {"valor_credito": "50000"}})
    ]  # fmt: skip
    assert one(crm, "deals", name="Plano anual")["status"] == "ongoing"


def test_given_a_table_of_firms_when_appended_then_they_are_organizations(crm: Emulator) -> None:
    destination = Destination(crm, mode="organizations", column_mapping=mapping(**FIRMS))
    row = record(
        "firms", company_name="Padaria Aurora", company_website="https://aurora.test", cnpj="00.000.000/0001-00"
    )

    run = destination.write(table("firms", FIRMS), [row])

    assert run.exit_code == 0, run.log
    assert bodies(crm) == [
        ("POST", "organizations", {"name": "Padaria Aurora", "url": "https://aurora.test",
                                   "custom_fields": {"cnpj": "00.000.000/0001-00"}})
    ]  # fmt: skip


@pytest.mark.parametrize("put", ["merge", "replace"])
def test_given_rows_with_an_id_when_appended_then_they_update_and_all_else_survives(crm: Emulator, put: str) -> None:
    crm.settings(custom_fields_put=put)
    before = crm.create(
        "contacts",
        {"name": "Ana Antes", "job_title": "Compras", "emails": [{"email": "velha@people.test"}],
         "phones": [{"phone": "+551130000000", "type": "work"}],
         "custom_fields": {"cpf": "000.000.000-99", "interesses": []}},
    )[0]  # fmt: skip
    columns = {"id": "_id", **PEOPLE}
    destination = Destination(crm, column_mapping=mapping(**columns))
    rows = [
        record("people", id=before["id"], full_name="Ana Depois", contact_email="nova@people.test", cpf=None),
        record("people", id=None, full_name="Outra", contact_email="outra@people.test"),
    ]

    run = destination.write(table("people", columns), rows)

    after = one(crm, "contacts", id=before["id"])
    assert run.exit_code == 0, run.log
    assert [method for method, _, _ in sorted(bodies(crm), key=str)] == ["POST", "PUT"]
    assert (after["name"], after["job_title"]) == ("Ana Depois", "Compras")
    assert {each["email"] for each in after["emails"]} == {"velha@people.test", "nova@people.test"}
    assert after["phones"] == before["phones"]
    assert after["custom_fields"]["cpf"] == "000.000.000-99"


def test_given_a_deal_created_ongoing_when_a_later_row_wins_it_by_id_then_it_is_won(crm: Emulator) -> None:
    crm.settings(deal_requires="none")
    columns = {"id": "_id", "deal_name": "name", "status": "status"}
    destination = Destination(crm, mode="deals", column_mapping=mapping(**columns))
    destination.write(table("sales", columns), [record("sales", deal_name="Plano mensal", status="ongoing")])
    id_ = one(crm, "deals", name="Plano mensal")["id"]

    run = destination.write(table("sales", columns), [record("sales", id=id_, status="won")])

    assert run.exit_code == 0, run.log
    assert one(crm, "deals", id=id_)["status"] == "won"


def test_given_a_stream_to_clear_when_written_without_rows_then_its_states_go_back_and_nothing_is_asked(
    crm: Emulator,
) -> None:
    destination = Destination(crm, column_mapping=mapping(**PEOPLE))
    clear = table("people", list(PEOPLE), "overwrite")

    run = destination.write(clear, [state("people", 1)])

    assert run.exit_code == 0, run.log
    assert [each["stream"]["stream_state"] for each in run.of_type("STATE")] == [{"position": 1}]
    assert run.outcomes == {"people": "COMPLETE"}
    assert [line for line in run.log_lines("INFO") if "people is cleared: nothing is deleted" in line]
    assert crm.requests() == []


def test_given_a_stream_to_clear_beside_others_when_it_brings_a_row_then_what_came_before_is_written(
    crm: Emulator,
) -> None:
    destination = Destination(crm, column_mapping=mapping(full_name="name"))
    tables = [table("people", ["full_name"]), table("gone", ["full_name"], "overwrite")]
    rows = [record("people", full_name="Ana Exemplo"), state("people", 1), record("gone", full_name="Bia Exemplo")]

    run = destination.write(tables, [*rows, state("gone", 1)])

    assert run.exit_code == 1
    assert "`gone` asks for the sync mode `overwrite`" in run.errors[0]["message"]
    assert [body["name"] for _, _, body in bodies(crm)] == ["Ana Exemplo"]
    assert [each["stream"]["stream_descriptor"]["name"] for each in run.of_type("STATE")] == ["people"]


def test_given_a_dry_run_when_written_then_the_plan_is_told_and_nothing_happens(crm: Emulator) -> None:
    known = crm.create("contacts", {"name": "Ana", "emails": [{"email": "ana@people.test"}]})[0]
    destination = Destination(crm, column_mapping=mapping(**PEOPLE), dry_run=True, partial_success=True)
    rows = [
        record("people", full_name="Ana", contact_email=known["emails"][0]["email"]),
        record("people", full_name="Bia", contact_email="bia@people.test"),
        record("people", full_name="Cai", contact_email="no e-mail"),
        state("people", 3),
    ]

    run = destination.write(table("people", PEOPLE, "append_dedup", "contact_email"), rows)

    assert run.exit_code == 0, run.log
    assert writes(crm) == []
    assert run.of_type("STATE") == []
    assert "people: dry run, nothing was written: 1 to create, 0 to update, 1 unchanged, 1 to reject." in run.log_lines(
        "INFO"
    )
