from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import prefork
from emulator.client import AccountSize, ConversasSize, Emulator

from .conversas_api import CallerConversas

PATHS = {
    "employees": "v2/employees",
    "custom_fields": "v2/custom-fields",
    "flows": "v2/flows",
    "workflows": "v2/workflows",
    "templates": "v2/template/all",
    "wallets": "v2/wallets",
    "whatsapp_integrations": "v2/whatsapp/integrations",
    "whatsapp_official_integrations": "v2/whatsapp/integrations/official",
}
KEYS = {"flows": "flows", "workflows": "workflows", "templates": "templates", "wallets": "wallets"}


@pytest.mark.parametrize("name", PATHS)
def test_each_list_comes_whole_in_its_own_envelope(conversas: CallerConversas, name: str) -> None:
    body = conversas.body(PATHS[name], page=7, limit=1)

    records = body[KEYS[name]] if name in KEYS else body
    assert records == conversas.crm.conversas_truth(name) != []
    assert len(conversas.crm.conversas_ids(name)) == len(records)


def test_names_as_seen_and_as_documented(conversas: CallerConversas) -> None:
    live = {name: conversas.crm.conversas_truth(name)[0] for name in ("employees", "flows", "wallets", "customers")}
    conversas.crm.settings(conversas_names="documented")
    documented = {name: conversas.crm.conversas_truth(name)[0] for name in live}

    assert live["employees"].keys() == {"_id", "name", "email", "status"}
    assert live["flows"].keys() == {"id", "titulo"}
    assert isinstance(live["wallets"], str)
    assert "_id" in live["customers"]
    assert documented["employees"]["id"] == live["employees"]["_id"]
    assert documented["flows"]["title"] == live["flows"]["titulo"]
    assert documented["wallets"] == {"name": live["wallets"]}
    assert "_id" not in documented["customers"]


@pytest.mark.parametrize(
    ("form", "found"),
    [
        pytest.param("data", lambda body: body["data"], id="data"),
        pytest.param("bare", lambda body: body, id="bare"),
        pytest.param("items", lambda body: body["items"], id="items"),
        pytest.param("named", lambda body: body["employees"], id="named"),
        pytest.param("other", lambda body: body["registros"], id="other"),
        pytest.param("nested", lambda body: body["data"]["items"], id="nested"),
    ],
)
def test_given_another_envelope_then_the_same_records(
    conversas: CallerConversas, form: str, found: Callable[[Any], Any]
) -> None:
    conversas.crm.settings(conversas_envelope=form, conversas_envelope_lists=["employees"])

    assert found(conversas.body("v2/employees")) == conversas.crm.conversas_truth("employees")
    assert "flows" in conversas.body("v2/flows")


def test_given_an_unreadable_envelope_then_two_lists_compete(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_envelope="unreadable")

    assert conversas.body("v2/flows").keys() == {"a", "b", "status"}


@pytest.mark.parametrize("form", ["once", "object_twice", "array_twice"])
def test_templates_nested_twice(conversas: CallerConversas, form: str) -> None:
    conversas.crm.settings(conversas_templates=form)

    inner = conversas.body("v2/template/all")["templates"]

    twice = {"once": lambda: inner, "object_twice": lambda: inner["templates"], "array_twice": lambda: inner[0]}
    assert twice[form]() == conversas.crm.conversas_truth("templates")


def walk(conversas: CallerConversas, **query: Any) -> list[str]:
    """Ids page by page until one is empty."""
    ids: list[str] = []
    page = 1
    while found := conversas.body("v2/customers", page=page, **query):
        ids += [row["_id"] for row in found]
        page += 1
        assert page < 99
    return ids


def test_contacts_come_page_by_page_with_headers(conversas: CallerConversas) -> None:
    first = conversas.get("v2/customers", limit=25)

    counts = {name: first.headers[f"X-{name}"] for name in ("Limit", "Page", "Pages", "Total")}
    assert counts == {"Limit": "25", "Page": "1", "Pages": "3", "Total": "60"}
    assert set(walk(conversas, limit=25)) == conversas.crm.conversas_ids("customers")
    assert first.json() == conversas.crm.conversas_truth("customers")[:25]


def test_given_no_headers_and_a_cap_then_pages_are_short_in_silence(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_x_headers=False, conversas_customers_cap=20)

    answer = conversas.get("v2/customers", limit=100)

    assert len(answer.json()) == 20
    assert not [name for name in answer.headers if name.lower().startswith("x-")]
    assert set(walk(conversas, limit=100)) == conversas.crm.conversas_ids("customers")


def test_given_shuffle_then_each_walk_has_its_order_and_is_whole(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_unsorted="shuffle")

    walks = [walk(conversas, limit=25) for _ in range(2)]

    assert walks[0] != walks[1]
    assert set(walks[0]) == set(walks[1]) == conversas.crm.conversas_ids("customers")


def test_given_overlap_then_pages_share_a_row(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_unsorted="overlap")

    ids = walk(conversas, limit=25)

    assert len(ids) > len(set(ids))
    assert set(ids) == conversas.crm.conversas_ids("customers")


def test_given_an_ignored_page_then_the_first_one_for_ever(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_ignore_page=["customers"])

    assert conversas.body("v2/customers", page=1) == conversas.body("v2/customers", page=9)


def test_channels_select(conversas: CallerConversas) -> None:
    every = walk(conversas)
    some = walk(conversas, channels="telegram,instagram")

    assert 0 < len(some) < len(every)


@pytest.mark.parametrize("query", [{"page": 0}, {"limit": "x"}])
def test_given_a_wrong_number_then_400_names_it(conversas: CallerConversas, query: dict[str, Any]) -> None:
    answer = conversas.get("v2/customers", **query)

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == list(query)


def test_given_contacts_that_come_change_and_go_then_the_list_follows(conversas: CallerConversas) -> None:
    before = conversas.crm.conversas_ids("customers")
    made = conversas.crm.conversas_create("customers", {"full_name": "Nova Exemplo"}, at="2026-08-31T12:00:00Z")[0]
    conversas.crm.conversas_edit("customers", made["_id"], email="nova@exemplo.test")
    gone = min(before)
    conversas.crm.conversas_delete("customers", gone)

    rows = {row["_id"]: row for row in conversas.body("v2/customers", limit=100)}

    assert rows.keys() == before - {gone} | {made["_id"]}
    assert rows[made["_id"]]["full_name"] == "Nova Exemplo"
    assert rows[made["_id"]]["email"] == "nova@exemplo.test"
    assert conversas.crm.conversas_truth("messages", customer_id=made["_id"]) == []
    with pytest.raises(ValueError, match="only these lists"):
        conversas.crm.conversas_create("flows")


def test_given_a_size_and_a_seed_then_equal_accounts() -> None:
    size = ConversasSize(contacts=7, messages_per_contact=9, reports=3, employees=2, official_integrations=0)
    conversas = []
    for seed in (5, 5, 6):
        with Emulator(size=AccountSize(contacts=3), conversas=size, seed=seed, start=prefork.emulator) as crm:
            messages = crm.conversas_truth("messages")
            conversas.append(
                (crm.conversas_config()["access_token"], crm.conversas_ids("customers"), crm.conversas_ids("reports"))
            )
            assert [len(crm.conversas_truth(name)) for name in ("employees", "whatsapp_official_integrations")] == [
                2,
                0,
            ]
            assert 0 < len(messages) <= 7 * 9

    assert (len(conversas[0][1]), len(conversas[0][2])) == (7, 3)
    assert conversas[0] == conversas[1] != conversas[2]
