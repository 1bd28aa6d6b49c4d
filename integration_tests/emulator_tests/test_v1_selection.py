from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from emulator.clock import instant_text, parse_instant

from .v1 import CallerV1, ids_of


def created(text: str) -> datetime:
    return datetime.fromisoformat(text)


# --- order


@pytest.mark.parametrize("name", ["contacts", "organizations"])
@pytest.mark.parametrize("order", ["name", "created_at", "updated_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_order(v1: CallerV1, name: str, order: str, direction: str) -> None:
    keys = [row[order] for row in v1.rows(name, order=order, direction=direction, limit=200)]

    if order != "name":
        keys = [created(key) for key in keys]
    assert keys == sorted(keys, reverse=direction == "desc")


def test_given_no_order_then_the_defaults(v1: CallerV1) -> None:
    names = [row["name"] for row in v1.rows("contacts", limit=200)]
    moments = [created(row["created_at"]) for row in v1.rows("deals", limit=200)]

    assert names == sorted(names)
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize("order", ["updated_at", "name"])
def test_deals_order(v1: CallerV1, order: str) -> None:
    by_creation = v1.ids("deals", order="created_at", direction="asc")

    assert v1.ids("deals", order=order, direction="asc") == by_creation
    v1.crm.settings(v1_deals_order="honoured")
    keys = [row[order] for row in v1.rows("deals", order=order, direction="asc", limit=200)]
    assert keys == sorted(keys, key=created if order == "updated_at" else None)
    v1.crm.settings(v1_deals_order="500")
    assert v1.get("deals", order=order).status_code == 500


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("deals", {"order": "rating"}),
        ("deals", {"direction": "up"}),
        ("contacts", {"order": "title"}),
        ("organizations", {"direction": "ascending"}),
        ("deal_lost_reasons", {"order": "created_at"}),
        ("deals", {"win": "maybe"}),
        ("deals", {"hold": "false"}),
        ("users", {"active": "1"}),
        ("custom_fields", {"for": "task"}),
    ],
)
def test_given_a_value_that_is_not_accepted_then_500(v1: CallerV1, name: str, query: dict[str, str]) -> None:
    assert v1.get(name, **query).status_code == 500


def test_given_parameters_that_a_list_does_not_know_then_they_are_ignored(v1: CallerV1) -> None:
    assert v1.body("tasks", order="x", direction="y", updated_at="2026-01-01")["total"] == 60
    assert v1.body("deals", start_date="not a date")["total"] == len(v1.crm.ids("deals", api="v1"))


def test_given_lost_reasons_by_name_then_sorted(v1: CallerV1) -> None:
    names = [row["name"] for row in v1.rows("deal_lost_reasons", order="name")]

    assert names == sorted(names)


# --- windows


def window(v1: CallerV1, start: str, end: str, kind: str = "created_at") -> set[str]:
    period = {f"{kind}_period": "true", "start_date": start, "end_date": end}
    return set(v1.ids("deals", order="created_at", **period))


@pytest.mark.parametrize("end", ["inclusive", "exclusive"])
@pytest.mark.parametrize(("tz", "hour"), [("-03:00", "03"), ("UTC", "00")])
@pytest.mark.parametrize("form", ["2026-04-10", "2026-04-10T00:00:00"])
def test_window(v1: CallerV1, end: str, tz: str, hour: str, form: str) -> None:
    v1.crm.settings(v1_window_tz=tz, v1_window_end=end)
    midnight = parse_instant(f"2026-04-10T{hour}:00:00.000Z")
    before, at, after = (
        v1.crm.create("deals", {"created_at": instant_text(midnight + ms)})[0]["id"] for ms in (-1, 0, 1)
    )

    opening, closing = window(v1, form, "2026-04-12"), window(v1, "2026-04-08", form)

    assert {before, at, after} & opening == {at, after}
    assert {before, at, after} & closing == ({before, at} if end == "inclusive" else {before})


@pytest.mark.parametrize("kind", ["closed_at", "prediction_date"])
def test_given_a_window_of_another_date_then_the_rows_within(v1: CallerV1, kind: str) -> None:
    found = window(v1, "2026-02-01", "2026-06-30", kind)

    rows = [row for row in v1.crm.truth("deals", api="v1") if row[kind]]
    expected = {row["id"] for row in rows if "2026-02-01" <= row[kind][:10] < "2026-06-30"}
    surplus = {row[kind][:10] for row in rows if row["id"] in found - expected}
    assert expected <= found
    assert expected
    assert surplus <= {"2026-06-30"}


@pytest.mark.parametrize(
    "query",
    [
        {"created_at_period": "yes", "start_date": "2026-01-01", "end_date": "2026-01-02"},
        {
            "created_at_period": "true",
            "closed_at_period": "true",
            "start_date": "2026-01-01",
            "end_date": "2026-01-02",
        },
    ],
)
def test_given_a_wrong_period_then_500(v1: CallerV1, query: dict[str, str]) -> None:
    assert v1.get("deals", **query).status_code == 500


def test_given_a_window_then_total_and_pages_are_of_the_window(v1: CallerV1) -> None:
    period = {"created_at_period": "true", "start_date": "2026-01-01", "end_date": "2026-07-01T12:00:00"}
    body = v1.body("deals", limit=5, **period)

    assert body["total"] == len(v1.ids("deals", **period)) < len(v1.crm.ids("deals", api="v1"))
    assert body["has_more"] is True


# --- filters


def test_deal_filters(v1: CallerV1) -> None:
    deals = v1.crm.truth("deals", api="v1")
    details = v1.crm.truth("deal_details", api="v1")
    one = next(row for row in details if row.get("organization") and row["deal_products"] and row["campaign_id"])
    product = one["deal_products"][0]["product_id"]
    checks: list[tuple[dict[str, Any], Any]] = [
        ({"win": "true"}, lambda row: row["win"] is True),
        ({"win": "false"}, lambda row: row["win"] is False),
        ({"win": "null"}, lambda row: row["win"] is None),
        ({"hold": "true"}, lambda row: row["hold"] is True),
        ({"closed_at": "true"}, lambda row: row["win"] is not None),
        ({"closed_at": "false"}, lambda row: row["win"] is None),
        ({"user_id": one["user"]["id"]}, lambda row: row["user"]["id"] == one["user"]["id"]),
        ({"deal_stage_id": one["deal_stage"]["id"]}, lambda row: row["deal_stage"]["id"] == one["deal_stage"]["id"]),
        ({"campaign_id": one["campaign_id"]}, lambda row: (row.get("campaign") or {}).get("id") == one["campaign_id"]),
        ({"name": one["name"][3:9].upper()}, lambda row: one["name"][3:9].upper() in row["name"].upper()),
        ({"name": one["name"], "exact_name": "true"}, lambda row: row["name"] == one["name"]),
        ({"product_presence": "false"}, lambda row: not row["deal_products"]),
        ({"product_presence": product}, lambda row: product in {line["product_id"] for line in row["deal_products"]}),
        (
            {"organization": one["organization"]["id"], "win": "null"},
            lambda row: (row.get("organization") or {}).get("id") == one["organization"]["id"] and row["win"] is None,
        ),
        (
            {"closed_by_id": one["user"]["id"]},
            lambda row: row["user"]["id"] == one["user"]["id"] and row["win"] is not None,
        ),
    ]

    for query, wanted in checks:
        assert set(v1.ids("deals", **query)) == {row["id"] for row in deals if wanted(row)}, query
    pipeline = one["deal_pipeline"]["id"]
    of_pipeline = {row["id"] for row in details if row["deal_pipeline"]["id"] == pipeline}
    assert set(v1.ids("deals", deal_pipeline_id=pipeline)) == of_pipeline


def test_contact_and_organization_filters(v1: CallerV1) -> None:
    contacts, organizations = v1.crm.truth("contacts", api="v1"), v1.crm.truth("organizations", api="v1")
    contact = next(row for row in contacts if row["emails"] and row["phones"])
    organization = next(row for row in organizations if row["organization_segments"])
    segment = organization["organization_segments"][0]["id"]

    assert v1.ids("contacts", email=contact["emails"][0]["email"].upper()) == [contact["id"]]
    assert v1.ids("contacts", phone=contact["phones"][0]["phone"]) == [contact["id"]]
    found = v1.rows("contacts", title="Compras", q="ana", limit=200)
    assert found
    assert {row["title"] for row in found} == {"Compras"}
    assert all("ana" in row["name"].lower() for row in found)
    assert v1.ids("organizations", q=organization["name"]) == [organization["id"]]
    of_segment = v1.rows("organizations", organization_segment=segment, user_id=organization["user"]["id"])
    assert organization["id"] in ids_of(of_segment)
    assert {row["user"]["id"] for row in of_segment} == {organization["user"]["id"]}


def test_task_activity_user_and_field_filters(v1: CallerV1) -> None:
    task = v1.crm.truth("tasks", api="v1")[0]
    activity = next(row for row in v1.crm.truth("activities", api="v1") if row["deal_id"])

    assert task["id"] in v1.ids("tasks", deal_id=task["deal_id"], user_id=task["user_ids"][0], type=task["type"])
    assert all(row["done"] for row in v1.rows("tasks", done="true", limit=200))
    due = v1.rows("tasks", date_start="2026-01-01", date_end="2026-03-31", limit=200)
    assert due
    assert all("2026-01-01" <= row["date"][:10] <= "2026-04-01" for row in due)
    assert v1.ids("activities", deal_id=activity["deal_id"], user_id=activity["user_id"])
    day = activity["date"][:10]
    assert activity["id"] in v1.ids("activities", start_date=day, end_date=day) or "-02:00" in activity["date"]
    assert all(row["active"] for row in v1.rows("users", active="true"))
    assert {row["for"] for row in v1.rows("custom_fields", **{"for": "contact"})} == {"contact"}
    assert v1.get("tasks", date_start="2026-01-01T00:00:00").status_code == 500


def test_stages_trap(v1: CallerV1) -> None:
    pipelines = sorted(v1.rows("deal_pipelines"), key=lambda row: int(row["order"]))
    default, other = pipelines[0]["id"], pipelines[1]["id"]

    def owners(**query: str) -> set[str]:
        return {row["deal_pipeline"]["id"] for row in v1.rows("deal_stages", **query)}

    assert owners() == owners(deal_pipeline_id="0" * 24) == owners(deal_pipeline_id=default) == {default}
    assert owners(deal_pipeline_id=other) == {other}
