from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest

import prefork
from emulator.client import AccountSize, Emulator

from .v1 import CallerV1, ids_of

ONE_PAGE = {
    "deals",
    "organizations",
    "tasks",
    "products",
    "campaigns",
    "deal_sources",
    "deal_lost_reasons",
    "teams",
    "users",
    "deal_pipelines",
    "custom_fields",
}
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(-03:00|-02:00)")


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return dict(zip(ids_of(rows), rows, strict=True))


def kinds(rows: list[dict[str, Any]], key: str) -> set[str]:
    """How an embedded object occurs."""
    found = set()
    for row in rows:
        value = row.get(key, "missing")
        found.add(value if value == "missing" else "null" if value is None else "object" if value else "{}")
    return found


# --- truth and lists


@pytest.mark.parametrize("name", sorted(ONE_PAGE))
def test_given_a_list_then_its_records_are_the_truth(v1: CallerV1, name: str) -> None:
    listed = by_id(v1.rows(name, limit=200))

    assert listed == by_id(v1.crm.truth(name, api="v1"))
    assert set(listed) == v1.crm.ids(name, api="v1")


@pytest.mark.parametrize("name", ["contacts", "activities"])
def test_given_a_longer_list_then_each_page_is_of_the_truth(v1: CallerV1, name: str) -> None:
    truth = by_id(v1.crm.truth(name, api="v1"))

    for id_, row in by_id(v1.rows(name, limit=200, page=2)).items():
        assert truth[id_] == row


def test_given_single_records_then_they_are_the_truth(v1: CallerV1) -> None:
    details = v1.crm.truth("deal_details", api="v1")

    assert [v1.body(f"deals/{row['id']}") for row in details[:5]] == details[:5]
    for pipeline, stages in v1.crm.truth("deal_stages", api="v1").items():
        assert by_id(v1.rows("deal_stages", deal_pipeline_id=pipeline)) == by_id(stages)
        assert v1.body(f"deal_stages/{stages[0]['id']}") == stages[0]


def test_given_both_apis_then_the_same_rows(v1: CallerV1) -> None:
    names = {"deal_sources": "sources", "deal_lost_reasons": "lost_reasons", "deal_pipelines": "pipelines"}
    for name in ("deals", "contacts", "organizations", "tasks", "users", "teams", "products", *names):
        assert v1.crm.ids(name, api="v1") == v1.crm.ids(names.get(name, name))
    assert v1.crm.ids("activities", api="v1") == v1.crm.ids("deal_notes")
    assert v1.crm.ids("deal_stages", api="v1") == v1.crm.ids("stages")


def test_given_an_edit_then_v1_shows_it_where_the_row_is_embedded_too(v1: CallerV1) -> None:
    contact = next(row for row in v1.crm.truth("contacts", api="v1") if row["deals"] and row["organization_id"])
    deal = contact["deals"][0]["id"]
    user = v1.crm.truth("deal_details", api="v1")[0]["user"]["id"]
    before = by_id(v1.rows("contacts", q=contact["name"]))[contact["id"]]

    v1.crm.edit("contacts", contact["id"], name="Outro Nome de Teste")
    v1.crm.edit("deals", deal, name="Outro Negócio")
    v1.crm.edit("organizations", contact["organization_id"], name="Outra Empresa")
    v1.crm.edit("users", user, name="Outra Vendedora")

    after = v1.rows("contacts", q="Outro Nome de Teste")[0]
    assert after["updated_at"] > before["updated_at"]
    assert "Outro Negócio" in {found["name"] for found in after["deals"]}
    deals = by_id(v1.rows("deals", limit=200))
    assert "Outro Nome de Teste" in {card["name"] for card in deals[deal]["contacts"]}
    assert {row["user"]["name"] for row in deals.values() if row["user"]["id"] == user} == {"Outra Vendedora"}
    organization = v1.rows("organizations", q="Outra Empresa")[0]
    assert "Outro Nome de Teste" in {card["name"] for card in organization["contacts"]}
    shown = [
        row["organization"]["name"]
        for row in deals.values()
        if (row.get("organization") or {}).get("id") == organization["id"]
    ]
    assert set(shown) <= {"Outra Empresa"}


def test_given_notes_and_tasks_that_come_and_go_then_their_deal_shows_it(v1: CallerV1) -> None:
    deal = v1.crm.create("deals", {"name": "Negócio Novo", "created_at": "2026-02-03T04:05:06.789-03:00"})[0]["id"]
    first = v1.rows("deals", name="Negócio Novo")[0]
    note = v1.crm.create("deal_notes", {"description": "Anotado agora"}, parent=deal)[0]["id"]
    task = v1.crm.create("tasks", {"deal_id": deal, "status": "open", "due_date": "2026-12-01T12:00:00Z"})[0]["id"]

    second = v1.rows("deals", name="Negócio Novo")[0]
    v1.crm.delete("tasks", task)
    v1.crm.delete("deal_notes", note)

    assert first["created_at"] == "2026-02-03T05:05:06.789-02:00"
    assert second["created_at"] == first["created_at"]
    assert second["last_activity_content"] == "Anotado agora"
    assert second["next_task"]["id"] == task
    assert not v1.rows("deals", name="Negócio Novo")[0].get("next_task")
    assert note not in v1.crm.ids("activities", api="v1")


# --- forms and quirks


def test_ids(v1: CallerV1) -> None:
    for name in ("deals", "contacts", "organizations", "tasks", "users", "campaigns", "deal_sources", "teams"):
        assert all(row["_id"] == row["id"] for row in v1.rows(name))
    for name in ("custom_fields", "activities", "deal_stages"):
        assert all(row["_id"] == row["id"] for row in v1.rows(name))
    assert all("id" not in row for row in v1.rows("deal_lost_reasons"))
    assert all("_id" not in row for row in v1.rows("deal_pipelines"))
    products = v1.rows("products")
    assert {"id" in row for row in products} == {True, False}
    assert all(row["errors"] == {} for row in products if "id" in row)


def test_given_the_default_data_then_embedded_objects_occur_in_every_way(v1: CallerV1) -> None:
    deals = v1.crm.truth("deals", api="v1")
    details = v1.crm.truth("deal_details", api="v1")

    for key in ("campaign", "deal_source", "deal_lost_reason", "organization", "stop_time_limit"):
        assert kinds(deals, key) == {"object", "null", "{}", "missing"}, key
    for key in ("campaign", "deal_source", "organization", "stop_time_limit"):
        assert kinds(details, key) == {"object", "null", "{}", "missing"}, key
    assert {row["deal_pipeline_relation"]["parent_deal"] is None for row in details} == {True, False}


def test_given_the_default_data_then_the_quirks_of_real_dumps_occur(v1: CallerV1) -> None:
    contacts, activities = v1.crm.truth("contacts", api="v1"), v1.crm.truth("activities", api="v1")
    birthdays = [row["birthday"] for row in contacts if row["birthday"]]
    values = [entry["value"] for row in v1.crm.truth("deals", api="v1") for entry in row["deal_custom_fields"]]

    assert any(row["name"].startswith(" ") for row in contacts)
    assert any(row["name"].startswith("+") for row in contacts)
    assert {"", None} <= {row["title"] for row in contacts}
    assert any(day["day"] is day["month"] is day["year"] is None for day in birthdays)
    assert any(day["day"] and day["year"] is None for day in birthdays)
    assert 0.2 < Counter(row["organization_id"] for row in contacts)[None] / len(contacts) < 0.6
    assert None in {phone["type"] for row in contacts for phone in row["phones"]}
    assert any(value == "" for value in values)
    assert {type(value) for value in values} == {type(None), str, list}
    assert {None, ""} & {row["deal_id"] for row in activities} or {None, ""} & {row["text"] for row in activities}
    rules = [rule for row in v1.rows("custom_fields") for rule in row["required_rules"]]
    assert {type(rule["value"]) for rule in rules} == {str, dict}
    configs = [row["config"] for row in v1.rows("deal_pipelines")]
    assert {} in configs
    assert any("copy_to_pipeline" in config.get("deal_won", {}) for config in configs)
    assert {"product_custom_fields" in row for row in v1.rows("products")} == {True, False}


def test_given_dates_then_milliseconds_and_both_offsets(v1: CallerV1) -> None:
    deals = v1.crm.truth("deals", api="v1")
    matches = [DATE.fullmatch(row["created_at"]) for row in deals]

    assert all(matches)
    assert {match[1] for match in matches if match} == {"-03:00", "-02:00"}
    for row in deals:
        assert (row["created_at"][5:7] in ("11", "12", "01")) <= row["created_at"].endswith("-02:00")


def test_given_a_task_then_its_date_differs_in_form_between_list_and_record(v1: CallerV1) -> None:
    task = next(row for row in v1.rows("tasks") if row["date"])

    assert task["date"].endswith("Z")
    assert DATE.fullmatch(v1.body(f"tasks/{task['id']}")["date"])
    assert "updated_at" not in task


def test_given_an_organization_or_user_alone_then_another_form(v1: CallerV1) -> None:
    organization, user = v1.rows("organizations")[0], v1.rows("users")[0]

    alone = v1.body(f"organizations/{organization['id']}")

    assert "id" not in alone
    assert alone["organization_custom_fields"] == organization["custom_fields"]
    assert {"phone", "teams"} <= v1.body(f"users/{user['id']}").keys()


@pytest.mark.parametrize("form", ["string", "number"])
def test_base_price(v1: CallerV1, form: str) -> None:
    v1.crm.settings(v1_base_price=form)

    prices = [row["base_price"] for row in v1.rows("products")]

    assert all(isinstance(price, str if form == "string" else float) for price in prices)
    assert all(re.fullmatch(r"\d+\.\d\d", str(price)) for price in prices) or form == "number"


def test_stage_list_bare(v1: CallerV1) -> None:
    full = v1.rows("deal_stages")[0]
    v1.crm.settings(v1_stage_list="bare")

    bare = by_id(v1.rows("deal_stages"))[full["id"]]

    gone = {"created_at", "updated_at", "instance_id", "deal_pipeline", "configuration"}
    assert full.keys() - bare.keys() == gone
    assert v1.body(f"deal_stages/{full['id']}") == full


def test_stages_of_each_pipeline_can_be_chosen() -> None:
    size, settings = AccountSize(contacts=1, deals=5, stages=30), {"unsorted": "stable"}
    with Emulator(size, settings, start=prefork.emulator) as crm:
        stages = crm.truth("deal_stages", api="v1")
        caller = CallerV1(crm)
        pages = [caller.body("deal_stages", deal_pipeline_id=next(iter(stages)), page=page) for page in (1, 2, 3)]
        caller.close()

    assert {len(below) for below in stages.values()} == {30}
    assert [(len(page["deal_stages"]), page["has_more"]) for page in pages] == [(12, True), (12, True), (6, False)]
