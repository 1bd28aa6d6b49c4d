from __future__ import annotations

from typing import Any

import pytest
import requests

from .conftest import Caller

UNKNOWN_ID = "0" * 24


def post(api: Caller, name: str, /, **fields: Any) -> requests.Response:
    if name == "deals":
        fields = {"owner_id": api.ids("/users")[0], **fields}
    return api.call("POST", f"/{name}", json={"data": fields})


def put(api: Caller, name: str, id_: str, /, **fields: Any) -> requests.Response:
    return api.call("PUT", f"/{name}/{id_}", json={"data": fields})


def made(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code in (200, 201), answer.text
    record: dict[str, Any] = answer.json()["data"]
    return record


@pytest.mark.parametrize("name", ["contacts", "deals", "organizations"])
def test_given_a_post_then_201_with_the_full_record_that_can_be_read(api: Caller, name: str) -> None:
    answer = post(api, name, name=f"Nova {name}")

    record = made(answer)
    assert answer.status_code == 201
    assert set(record) == set(api.crm.truth(name)[0])
    assert api.get(f"/{name}/{record['id']}").json() == {"data": record}
    assert api.ids(f"/{name}", filter=f'name:"Nova {name}"') == [record["id"]]


@pytest.mark.parametrize("name", ["contacts", "deals", "organizations"])
def test_given_a_put_then_unsent_fields_stay(api: Caller, name: str) -> None:
    before = api.crm.truth(name)[3]

    after = made(put(api, name, before["id"], name=f"Outra {name}"))

    assert after["updated_at"] > before["updated_at"]
    assert {**before, "name": f"Outra {name}", "updated_at": after["updated_at"]} == after


def test_given_a_put_of_a_list_then_it_is_replaced_whole(api: Caller) -> None:
    contact = made(
        post(api, "contacts", name="Listas", emails=[{"email": "l1@exemplo.test"}, {"email": "l2@exemplo.test"}])
    )

    after = made(put(api, "contacts", contact["id"], emails=[{"email": "l3@exemplo.test"}]))

    assert after["emails"] == [{"email": "l3@exemplo.test"}]


@pytest.mark.parametrize(("mode", "kept"), [("merge", True), ("replace", False)])
def test_custom_fields_put(api: Caller, mode: str, kept: bool) -> None:
    api.crm.settings(custom_fields_put=mode)
    deal = made(post(api, "deals", name="Campos", custom_fields={"forma-de-pagamento": "Pix"}))

    after = made(put(api, "deals", deal["id"], custom_fields={"canais": ["Site"]}))

    assert after["custom_fields"] == ({"forma-de-pagamento": "Pix"} if kept else {}) | {"canais": ["Site"]}


@pytest.mark.parametrize("touches", [True, False])
def test_cf_touches_contact(api: Caller, touches: bool) -> None:
    contact = api.crm.truth("contacts")[0]
    api.crm.settings(cf_touches_contact=touches)

    after = made(put(api, "contacts", contact["id"], custom_fields={"faixa-de-compra": "2"}))

    assert (after["updated_at"] != contact["updated_at"]) == touches
    assert after["custom_fields"]["faixa-de-compra"] == "2"


@pytest.mark.parametrize(("variant", "status"), [("400", 400), ("422", 422)])
def test_duplicate(api: Caller, variant: str, status: int) -> None:
    api.crm.settings(duplicate=variant)
    name = api.crm.truth("organizations")[0]["name"]

    answer = post(api, "organizations", name=name)

    text = "Nome Empresa já cadastrada"
    assert answer.status_code == status
    assert answer.json() == ({"detail": f"{text}."} if status == 400 else {"errors": [{"detail": text}]})


@pytest.mark.parametrize("id_", ["3f0c1b6e-6a0e-4a3c-9a51-0c5a1f3f9b11", " 66ec8d30f2f11000139ab5ff"])
def test_given_an_id_that_is_no_object_id_when_created_then_422_names_the_field(api: Caller, id_: str) -> None:
    answer = post(api, "contacts", name="Ana", organization_id=id_)

    assert answer.status_code == 422
    assert answer.json() == {"errors": [{"detail": "organization_id must be BSON::ObjectId or is in invalid format"}]}


def test_given_an_organization_put_under_its_own_name_then_it_is_no_duplicate(api: Caller) -> None:
    organization = api.crm.truth("organizations")[0]

    assert (
        put(api, "organizations", organization["id"], name=organization["name"], url="https://o.test").status_code
        == 200
    )


@pytest.mark.parametrize(("variant", "status"), [("ignore", 201), ("422", 422)])
def test_unknown_field(api: Caller, variant: str, status: int) -> None:
    api.crm.settings(unknown_field=variant)

    answer = post(api, "organizations", name=f"Com Telefone {variant}", phone="+5500900000000")

    assert answer.status_code == status
    assert "phone" not in answer.json().get("data", {})


@pytest.mark.parametrize(("variant", "status"), [("422", 422), ("accept", 201)])
def test_int_for_float(api: Caller, variant: str, status: int) -> None:
    api.crm.settings(int_for_float=variant)

    assert post(api, "deals", name="Inteiro", one_time_price=100).status_code == status
    whole = made(post(api, "deals", name="Decimal", one_time_price=100.0, recurrence_price=0.5))
    assert whole["total_price"] == 100.5


@pytest.mark.parametrize(("variant", "path"), [("pipeline", "/pipelines"), ("owner", "/users"), ("none", "")])
def test_deal_requires(api: Caller, variant: str, path: str) -> None:
    api.crm.settings(deal_requires=variant)
    needed = {f"{variant}_id": api.ids(path)[0]} if path else {}

    assert post(api, "deals", name="Sem nada", owner_id=None).status_code == (422 if path else 201)
    assert post(api, "deals", **{"name": "Com", "owner_id": None, **needed}).status_code == 201


@pytest.mark.parametrize(("variant", "status"), [("422", 422), ("ignore", 201)])
def test_unknown_slug(api: Caller, variant: str, status: int) -> None:
    api.crm.settings(unknown_slug=variant)

    assert post(api, "contacts", name="Campo", custom_fields={"nao-existe": "x"}).status_code == status


@pytest.mark.parametrize("status", [422, 400])
@pytest.mark.parametrize(
    ("name", "fields"),
    [
        pytest.param("contacts", {}, id="name-missing"),
        pytest.param("contacts", {"name": ""}, id="name-empty"),
        pytest.param(
            "contacts", {"name": "A", "phones": [{"phone": "+5500900000000", "type": "pager"}]}, id="phone-type"
        ),
        pytest.param("contacts", {"name": "A", "emails": ["a@exemplo.test"]}, id="e-mails-as-texts"),
        pytest.param("contacts", {"name": "A", "birthday": "11/09/1990"}, id="birthday-form"),
        pytest.param("contacts", {"name": "A", "custom_fields": {"faixa-de-compra": "9"}}, id="no-such-option"),
        pytest.param(
            "contacts", {"name": "A", "custom_fields": {"cliente-desde": "2026-01-31"}}, id="custom-date-form"
        ),
        pytest.param("contacts", {"name": "A", "custom_fields": {"cpf": 5}}, id="custom-number"),
        pytest.param("deals", {"name": "A", "status": "won"}, id="created-as-won"),
        pytest.param("deals", {"name": "A", "rating": 6}, id="rating"),
        pytest.param("deals", {"name": "A", "contact_ids": "x"}, id="ids-as-text"),
        pytest.param("organizations", {"name": "A", "address": "Rua A"}, id="address-as-text"),
    ],
)
def test_given_an_invalid_body_then_it_is_refused_and_nothing_is_kept(
    api: Caller, name: str, fields: dict[str, Any], status: int
) -> None:
    api.crm.settings(invalid_status=str(status))
    before = api.crm.ids(name)

    answer = post(api, name, **fields)

    assert answer.status_code == status
    assert answer.json()["errors"][0]["detail"]
    assert api.crm.ids(name) == before


def test_given_no_data_wrapper_then_it_is_refused(api: Caller) -> None:
    assert api.call("POST", "/contacts", json={"name": "Sem data"}).status_code == 422


def test_given_references_then_they_must_exist(api: Caller) -> None:
    owner = post(api, "deals", name="Dono", owner_id=UNKNOWN_ID)
    contact = post(api, "deals", name="Contato", contact_ids=[UNKNOWN_ID])
    api.crm.settings(unknown_reference="accept")

    assert (owner.status_code, owner.json()) == (400, {"detail": "Owner inválido."})
    assert contact.status_code == 422
    assert post(api, "deals", name="Contato", contact_ids=[UNKNOWN_ID]).status_code == 201


def test_given_an_unknown_id_then_put_is_404(api: Caller) -> None:
    assert put(api, "contacts", UNKNOWN_ID, name="Ninguém").status_code == 404


def test_given_a_unique_custom_field_taken_then_it_is_refused(api: Caller) -> None:
    taken = next(row for row in api.crm.truth("contacts") if row["custom_fields"].get("cpf"))

    answer = post(api, "contacts", name="Cópia", custom_fields={"cpf": taken["custom_fields"]["cpf"]})

    assert answer.status_code == 422
    assert "já existente" in answer.text
    assert put(api, "contacts", taken["id"], custom_fields={"cpf": taken["custom_fields"]["cpf"]}).status_code == 200


def test_given_a_required_custom_field_then_a_create_must_send_it(api: Caller) -> None:
    field = next(row for row in api.crm.truth("custom_fields") if row["slug"] == "porte")
    api.crm.edit("custom_fields", field["id"], required_rules=[{"always": True}])

    without = post(api, "organizations", name="Sem Porte")
    with_it = post(api, "organizations", name="Com Porte", custom_fields={"porte": "Médio"})
    api.crm.edit("custom_fields", field["id"], required_rules=[])

    assert (without.status_code, with_it.status_code) == (422, 201)


def test_given_a_deal_won_then_closed_at_is_set_and_lost_again_when_reopened(api: Caller) -> None:
    deal = made(post(api, "deals", name="Ganha"))

    won = made(put(api, "deals", deal["id"], status="won"))
    reopened = made(put(api, "deals", deal["id"], status="ongoing"))

    assert (won["status"], won["closed_at"]) == ("won", won["updated_at"])
    assert reopened["closed_at"] is None
    assert deal["stage_id"] in api.page("/pipelines", size=200)["data"][0]["stage_ids"] or deal["pipeline_id"]


def test_index_lag(api: Caller) -> None:
    api.crm.settings(index_lag_s=5)
    organization = made(post(api, "organizations", name="Atrasada"))
    query = {"filter": 'name:"Atrasada"'}

    before = api.ids("/organizations", **query)
    duplicate = post(api, "organizations", name="Atrasada").status_code
    by_id = api.get(f"/organizations/{organization['id']}").status_code
    api.crm.advance_clock(5)

    assert (before, duplicate, by_id) == ([], 422, 200)
    assert api.ids("/organizations", **query) == [organization["id"]]


def test_given_tasks_notes_and_lines_then_they_can_be_created(api: Caller) -> None:
    deal, product, user = api.ids("/deals")[0], api.ids("/products")[0], api.ids("/users")[0]

    task = made(
        post(api, "tasks", name="Ligar", type="call", deal_id=deal, due_date="2026-12-01T12:00:00Z", owner_ids=[user])
    )
    note = made(post(api, f"deals/{deal}/notes", description="Ok", user_id=user))
    line = made(
        post(
            api,
            f"deals/{deal}/products",
            product_id=product,
            price=10.0,
            quantity=3,
            discount=10.0,
            discount_type="percentage",
        )
    )

    assert (task["status"], task["due_date"]) == ("open", "2026-12-01T12:00:00.000Z")
    assert note["id"] in api.ids(f"/deals/{deal}/notes")
    assert line["total_price"] == 27.0


@pytest.mark.parametrize("name", ["contacts", "deals", "organizations", "tasks"])
def test_given_a_delete_then_there_is_no_such_route(api: Caller, name: str) -> None:
    assert api.call("DELETE", f"/{name}/{api.ids(f'/{name}')[0]}").status_code == 404


def test_given_a_write_then_the_log_keeps_its_body(api: Caller) -> None:
    post(api, "contacts", name="Registrada")

    assert api.crm.requests()[-1]["body"] == {"data": {"name": "Registrada"}}
