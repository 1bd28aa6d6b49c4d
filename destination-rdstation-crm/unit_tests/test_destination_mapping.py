"""Rows through a mapping: what is sent, what is not, what empties a field, and the key a row is known by."""

from __future__ import annotations

from typing import Any

import pytest
from planned import ID, body, plan_for, plans, prepare, stream

from destination_rdstation_crm.row import RowRejectedError

CONTACT = {"full_name": "name", "contact_email": "email", "phone_number": "phone", "cpf": "@cpf"}


def test_given_a_mapping_when_prepared_then_only_mapped_columns_are_sent() -> None:
    (plan,) = plans(stream(*CONTACT, "internal"), mapped=CONTACT).values()
    cells = {
        **{"full_name": "Ana Exemplo", "contact_email": "ana@exemplo.test", "phone_number": "+5511900000001"},
        **{"cpf": "000.000.000-00", "internal": "x", "email": "outra@exemplo.test"},
    }

    prepared = prepare(plan, cells)

    assert (prepared.id, prepared.key.texts) == (None, ())
    assert prepared.body == {
        "name": "Ana Exemplo",
        "emails": [{"email": "ana@exemplo.test"}],
        "phones": [{"phone": "+5511900000001", "type": "mobile"}],
        "custom_fields": {"cpf": "000.000.000-00"},
    }


def test_given_deals_and_organizations_when_created_then_they_are_what_their_tables_say() -> None:
    names = {"deal_name": "name", "org_id": "organization_id", "stage": "stage_id", "amount": "@valor_credito"}
    (deals,) = plans(stream(*names), mode="deals", mapped=names).values()
    firms = {"company_name": "name", "company_website": "website", "cnpj": "@cnpj"}
    (organizations,) = plans(stream(*firms), mode="organizations", mapped=firms).values()

    deal = prepare(deals, {"deal_name": "Plano", "org_id": ID, "stage": ID, "amount": 50000})
    firm = prepare(organizations, {"company_name": "Aurora", "company_website": "https://aurora.test", "cnpj": "00.1"})

    assert deals.creation(deal.body) == {
        **{"name": "Plano", "status": "ongoing", "organization_id": ID, "stage_id": ID},
        "custom_fields": {"valor_credito": "50000"},
    }
    assert organizations.creation(firm.body) == {
        **{"name": "Aurora", "url": "https://aurora.test"},
        "custom_fields": {"cnpj": "00.1"},
    }


def test_given_one_column_for_two_fields_when_prepared_then_both_are_filled() -> None:
    (plan,) = plans(stream("who"), mapped=[("who", "name"), ("who", "job_title")]).values()

    assert prepare(plan, {"who": "Ana"}).body == {"name": "Ana", "job_title": "Ana"}


def test_given_a_bad_cell_when_prepared_then_the_reject_names_column_and_field_but_not_the_value() -> None:
    (plan,) = plans(stream(*CONTACT), mapped=CONTACT).values()

    with pytest.raises(RowRejectedError) as rejected:
        prepare(plan, {"full_name": "Ana", "contact_email": "segredo"})

    assert (rejected.value.column, rejected.value.field_name) == ("contact_email", "email")
    assert "segredo" not in str(rejected.value)


@pytest.mark.parametrize("nothing", [None, "", "  ", []])
def test_given_a_blank_cell_when_nulls_are_not_sent_then_it_is_left_out(nothing: Any) -> None:
    cells = dict.fromkeys(("email", "job_title", "linkedin", "@cpf"), nothing)

    assert body("contacts", {"name": "Ana", **cells}) == {"name": "Ana"}


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_given_a_blank_cell_when_nulls_are_sent_then_it_empties_the_field(nothing: Any) -> None:
    cells = dict.fromkeys(("email", "phone", "job_title", "birthday", "linkedin", "@cpf", "@interesses"), nothing)

    assert body("contacts", {"name": "Ana", **cells}, send_nulls=True) == {
        "name": "Ana",
        "emails": [],
        "phones": [],
        "job_title": None,
        "birthday": None,
        "social_profiles": [{"type": "linkedin", "username": None}],
        "custom_fields": {"cpf": None, "interesses": []},
    }


def test_given_fields_that_every_deal_has_when_nulls_are_sent_then_they_are_never_emptied() -> None:
    cells = dict.fromkeys(("name", "status", "stage_id", "pipeline_id", "contact_id", "rating"))

    assert body("deals", cells, send_nulls=True) == {"contact_ids": [], "rating": None}


def test_given_a_missing_column_when_nulls_are_sent_then_nothing_is_emptied() -> None:
    plan = plan_for("contacts", "name", "job_title", send_nulls=True)

    assert prepare(plan, {"name": "Ana"}).body == {"name": "Ana"}


def test_given_emptied_lists_beside_filled_ones_when_prepared_then_the_next_row_does_not_inherit_them() -> None:
    plan = plan_for("contacts", "name", "email", send_nulls=True)
    first = prepare(plan, {"name": "Ana", "email": None}).body
    first["emails"].append({"email": "x@exemplo.test"})

    assert prepare(plan, {"name": "Bia", "email": None}).body["emails"] == []


def test_given_an_id_when_prepared_then_it_is_apart_from_the_body() -> None:
    prepared = prepare(plan_for("contacts", "name"), {"_id": ID.upper(), "name": "Ana"})

    assert (prepared.id, prepared.body) == (ID, {"name": "Ana"})


@pytest.mark.parametrize("cells", [{}, {"_id": None}, {"_id": ""}, {"_id": "  "}])
def test_given_no_id_when_prepared_then_the_row_names_no_record(cells: dict[str, Any]) -> None:
    assert prepare(plan_for("contacts", "name"), {"name": "Ana", **cells}).id is None


@pytest.mark.parametrize("id_", ["abc", 12, True, ["x"]])
def test_given_a_malformed_id_when_prepared_then_the_row_is_rejected(id_: Any) -> None:
    with pytest.raises(RowRejectedError, match="24 hexadecimal digits, or a UUID") as rejected:
        prepare(plan_for("contacts", "name"), {"_id": id_, "name": "Ana"})

    assert rejected.value.column == "_id"


@pytest.mark.parametrize(
    ("key", "cell", "expected"),
    [
        ("email", " ANA@Exemplo.test ", "ana@exemplo.test"),
        ("name", " Ana Exemplo ", "ana exemplo"),
        ("@cpf", 123, "00000000123"),
        ("@porte", "MÉDIO", "médio"),
        ("@cliente-desde", "2026-09-03", "03/09/2026"),
        ("email", "", None),
        ("@cpf", None, None),
        ("_id", ID, None),
    ],
)
@pytest.mark.parametrize("sync", ["append_dedup", "update"])
@pytest.mark.parametrize("send_nulls", [False, True])
def test_given_a_matching_key_when_prepared_then_it_is_folded(
    sync: str, send_nulls: bool, key: str, cell: Any, expected: str | None
) -> None:
    plan = plan_for("contacts", key, sync=sync, key=key, send_nulls=send_nulls)

    assert (plan.key_field, tuple(prepare(plan, {key: cell}).key.folded)) == (key, (expected,) if expected else ())


def test_given_a_prepared_row_when_shown_then_no_value_of_it_is() -> None:
    prepared = prepare(plan_for("contacts", "email", sync="update", key="email"), {"email": "ana@exemplo.test"})

    assert "exemplo" not in repr(prepared)
