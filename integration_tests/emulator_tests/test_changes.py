from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

import prefork
from emulator.client import AccountSize, ConversasSize, Emulator

from .conftest import Caller

DAY = timedelta(days=1)
FIXED_END = datetime(2026, 9, 1, tzinfo=timezone.utc)
TOP = ["contacts", "deals", "organizations", "tasks"]


def test_given_churn_then_its_log_tells_what_happened(api: Caller) -> None:
    before = {name: api.crm.ids(name) for name in TOP}

    api.crm.churn(edits_per_s=200, creates_per_s=60, deletes_per_s=30, lists=TOP, seed=4)
    deadline = time.monotonic() + 10
    while len(api.crm.changes()["edited"].get("contacts", [])) < 20 and time.monotonic() < deadline:
        api.page("/contacts", size=200, by_created="asc")
    log = api.crm.stop_churn()

    assert log["running"] is False
    for name in TOP:
        expected = (before[name] | set(log["created"].get(name, []))) - set(log["deleted"].get(name, []))
        assert api.crm.ids(name) == expected
    edited = set(log["edited"]["contacts"]) & api.crm.ids("contacts")
    assert edited
    assert api.crm.stop_churn()["edited"] == log["edited"]


@pytest.mark.parametrize("recent", [True, False])
def test_given_a_recent_account_then_its_rows_end_as_yesterday_begins(recent: bool) -> None:
    begun = datetime.now(timezone.utc)
    size, talks = AccountSize(contacts=300), ConversasSize(contacts=30, messages_per_contact=100)
    with Emulator(size=size, conversas=talks, start=prefork.emulator, recent=recent) as crm:
        lists = [crm.truth("contacts"), crm.conversas_truth("messages")]
    end = datetime(begun.year, begun.month, begun.day, tzinfo=timezone.utc) - DAY if recent else FIXED_END

    for rows in lists:
        newest = max(datetime.fromisoformat(row["created_at"].replace("Z", "+00:00")) for row in rows)
        assert end - 5 * DAY < newest <= end


def test_given_an_edit_then_updated_at_is_now_in_milliseconds(api: Caller) -> None:
    contact = api.ids("/contacts")[0]

    changed = api.crm.edit("contacts", contact, job_title="Nova Função")

    assert changed["job_title"] == "Nova Função"
    assert api.page("/deals", size=1)["data"]
    newest = max(row["updated_at"] for row in api.crm.truth("contacts"))
    assert changed["updated_at"] == newest
    assert len(newest) == len("2026-01-01T00:00:00.000Z")


@pytest.mark.parametrize("deletes", [False, True])
def test_given_edit_during_walk_then_every_second_list_request_changes_a_row_first(api: Caller, deletes: bool) -> None:
    api.crm.settings(edit_during_walk=2, edit_during_walk_deletes=deletes)
    kind = "deleted" if deletes else "edited"
    before = len(api.crm.changes()[kind].get("organizations", []))

    for _ in range(4):
        api.page("/organizations")

    assert len(api.crm.changes()[kind]["organizations"]) == before + 2


def test_given_an_edit_between_two_pages_then_a_page_number_walk_loses_a_row() -> None:
    """The case of crm-v2.md#why-page-numbers-lose-rows, on the emulator."""
    with Emulator(AccountSize(deals=7), seed=2, start=prefork.emulator) as crm:
        api = Caller(crm)
        api.renew()
        first = api.ids("/deals", by_updated="asc", size=3, number=1)
        crm.edit("deals", first[1])
        second = api.ids("/deals", by_updated="asc", size=3, number=2)
        third = api.ids("/deals", by_updated="asc", size=3, number=3)
        api.close()

        assert len(crm.ids("deals") - {*first, *second, *third}) == 1


@pytest.mark.parametrize("spread", [False, True])
def test_bulk_edit(api: Caller, spread: bool) -> None:
    second = f"2026-10-10T10:10:1{int(spread)}"

    ids = api.crm.bulk_edit("deals", count=40, at=f"{second}Z", spread=spread)

    found = {row["updated_at"] for row in api.crm.truth("deals") if row["updated_at"].startswith(second)}
    assert len(ids) == 40
    assert len(found) == (40 if spread else 1)


def test_given_records_with_given_times_then_they_are_kept(api: Caller) -> None:
    made = api.crm.create(
        "deals", {"name": "Antiga", "created_at": "2020-01-01T00:00:00Z", "updated_at": None, "status": "lost"}
    )[0]

    assert (made["created_at"], made["updated_at"]) == ("2020-01-01T00:00:00.000Z", None)
    assert api.ids("/deals", by_updated="asc", size=1) == [made["id"]]
    api.crm.edit("deals", made["id"], closed_at="2026-01-01T00:00:00Z")
    assert api.get(f"/deals/{made['id']}").json()["data"]["closed_at"] == "2026-01-01T00:00:00.000Z"


def test_given_a_deleted_deal_then_it_and_its_tasks_are_gone(api: Caller) -> None:
    deal = api.crm.truth("tasks")[0]["deal_id"]

    api.crm.delete("deals", deal)

    assert api.get(f"/deals/{deal}").status_code == 404
    assert api.get(f"/deals/{deal}/notes").status_code == 404
    assert deal not in {task["deal_id"] for task in api.crm.truth("tasks")}


@pytest.mark.parametrize("touches", [True, False])
def test_child_touches_deal(api: Caller, touches: bool) -> None:
    api.crm.settings(child_touches_deal=touches)
    deal = next(iter(api.crm.ids("deals") - set(api.crm.truth("deal_products"))))
    before = api.get(f"/deals/{deal}").json()["data"]["updated_at"]

    line = api.crm.create("deal_products", {"price": 10.0}, parent=deal)[0]

    assert (api.get(f"/deals/{deal}").json()["data"]["updated_at"] != before) == touches
    assert deal in api.ids("/deals", filter="has:product:true")
    api.crm.delete("deal_products", line["id"])
    assert deal not in api.ids("/deals", filter="has:product:true")


def test_given_the_same_seed_then_the_same_account() -> None:
    truths = []
    for _ in range(2):
        with Emulator(AccountSize(contacts=20, deals=20), seed=5, start=prefork.emulator) as crm:
            truths.append(
                {name: crm.truth(name) for name in ("contacts", "deals", "deal_notes", "deal_products", "stages")}
            )

    assert truths[0] == truths[1]


def test_given_an_account_then_it_is_uneven_and_has_every_case(api: Caller) -> None:
    contacts, deals = api.crm.truth("contacts"), api.crm.truth("deals")
    days = [row["created_at"][:10] for row in contacts]

    assert max(days.count(day) for day in set(days)) > len(days) / 20
    assert any((row["birthday"] or "").startswith("0000-") for row in contacts)
    assert any(not row["emails"] for row in contacts)
    assert any(value == "" for row in contacts for value in row["custom_fields"].values())
    assert {row["status"] for row in deals} == {"won", "lost", "ongoing", "paused"}
    assert all(row["updated_at"] is None or row["updated_at"] >= row["created_at"] for row in contacts + deals)
    noted = len(api.crm.truth("deal_notes"))
    assert 0 < noted < len(deals)


@pytest.mark.parametrize("name", ["campaigns", "custom_fields", "products", "users", "teams", "pipelines", "sources"])
def test_given_any_list_then_rows_can_be_created_edited_and_deleted(api: Caller, name: str) -> None:
    made = api.crm.create(name, count=2)
    key = "team_id" if name == "teams" else "id"
    shape = set(api.crm.truth(name)[0])

    api.crm.edit(name, made[0][key], name="Outro Nome")
    api.crm.delete(name, made[1][key])

    found = {row[key]: row for row in api.crm.truth(name)}
    assert set(found[made[0][key]]) == shape
    assert found[made[0][key]]["name"] == "Outro Nome"
    assert made[1][key] not in found


@pytest.mark.parametrize(
    ("name", "parents"), [("deal_notes", "deals"), ("deal_products", "deals"), ("stages", "pipelines")]
)
def test_given_a_child_list_then_its_rows_keep_their_shape(api: Caller, name: str, parents: str) -> None:
    truth = api.crm.truth(name)
    shape = {frozenset(row) for rows in truth.values() for row in rows}
    parent = next(iter(api.crm.ids(parents)))

    made = api.crm.create(name, parent=parent)[0]
    edited = api.crm.edit(name, made["id"])

    assert {frozenset(made), frozenset(edited)} == shape
