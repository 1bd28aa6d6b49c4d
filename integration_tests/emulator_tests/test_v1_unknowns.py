from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from .v1 import CallerV1, ids_of

DAYS = {"start_date": "2026-01-01", "end_date": "2026-07-01"}


# --- dates (crm-v1.md#basics)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        pytest.param({"start_date": "2026-01-01"}, "end_date", id="lone-start"),
        pytest.param({"end_date": "2026-01-01"}, "start_date", id="lone-end"),
        pytest.param({**DAYS, "start_date": "2026-01-01 00:00:00"}, "start_date", id="space"),
        pytest.param({**DAYS, "end_date": "2026-07-01T00:00:00.000Z"}, "end_date", id="javascript"),
        pytest.param({**DAYS, "start_date": "2026-01-01T00:00:00-03:00"}, "start_date", id="offset"),
        pytest.param({**DAYS, "start_date": "01/01/2026"}, "start_date", id="brazilian"),
        pytest.param({**DAYS, "start_date": "2026-02-30"}, "start_date", id="no-such-day"),
    ],
)
@pytest.mark.parametrize("period", ["created_at", "closed_at", "prediction_date", "updated_at"])
@pytest.mark.parametrize("key", ["errors", "error"])
def test_given_a_date_in_another_form_then_400_names_it(
    v1: CallerV1, query: dict[str, str], named: str, period: str, key: str
) -> None:
    v1.crm.settings(v1_date_error=key)

    answer = v1.get("deals", **{f"{period}_period": "true"}, **query)

    assert (answer.status_code, answer.json()) == (400, {key: f"{named} must be in ISO format"})


def test_given_activities_then_their_days_are_as_strict(v1: CallerV1) -> None:
    assert v1.get("activities", start_date="2026-01-01T00:00:00").status_code == 400
    assert v1.get("activities", start_date="2026-01-01").status_code == 200


def test_v1_date_z(v1: CallerV1) -> None:
    utc = {"start_date": "2026-01-01T03:00:00.000Z", "end_date": "2026-07-01T03:00:00.000Z"}
    v1.crm.settings(v1_date_z="accepted")

    found = v1.ids("deals", created_at_period="true", **utc)

    assert found
    assert sorted(found) == sorted(v1.ids("deals", created_at_period="true", **DAYS))
    space = {**DAYS, "start_date": "2026-01-01 00:00:00"}
    assert v1.get("deals", created_at_period="true", **space).status_code == 400


@pytest.mark.parametrize("mode", ["ignored", "honoured", "400"])
def test_v1_updated_at_period(v1: CallerV1, mode: str) -> None:
    v1.crm.settings(v1_updated_at_period=mode)
    query = {"updated_at_period": "true", "start_date": "2026-08-01", "end_date": "2026-08-31"}

    answer = v1.get("deals", limit=200, **query)

    if mode == "400":
        assert answer.status_code == 400
        return
    rows = v1.crm.truth("deals", api="v1")
    inside = {row["id"] for row in rows if "2026-08-01" <= row["updated_at"][:10] < "2026-08-31"}
    assert 0 < len(inside) < len(rows)
    assert set(ids_of(answer.json()["deals"])) == (inside if mode == "honoured" else {row["id"] for row in rows})


def test_given_ransack_forms_then_they_are_ignored(v1: CallerV1) -> None:
    plain = v1.body("contacts", limit=200)

    asked = v1.body("contacts", limit=200, **{"q[s]": "updated_at asc", "q[created_at_gt]": "2100-01-01"})

    assert asked["total"] == plain["total"]


# --- answers


def test_v1_empty_every(v1: CallerV1) -> None:
    deal = v1.ids("deals")[0]
    v1.crm.settings(v1_empty_every=3)

    answers = [v1.get(name) for name in ("contacts", "deals", "users", "teams", "deal_pipelines", "campaigns")]
    bodies = [answer.content for answer in answers]

    assert {answer.status_code for answer in answers} == {200}
    assert sum(not body for body in bodies) == 2
    assert [at for at, body in enumerate(bodies) if not body][1] - bodies.index(b"") == 3
    assert all(v1.get(f"deals/{deal}").content for _ in range(3))


def test_given_stage_histories_then_some_have_two_open_rows_milliseconds_apart(v1: CallerV1) -> None:
    counts = set()
    for deal in v1.crm.truth("deal_details", api="v1"):
        opened = [row for row in deal["deal_stage_histories"] if row["end_date"] is None]
        assert deal["deal_stage"]["id"] in {row["deal_stage_id"] for row in opened}
        assert len({row["id"] for row in deal["deal_stage_histories"]}) == len(deal["deal_stage_histories"])
        if len(opened) == 2:
            first, second = sorted(datetime.fromisoformat(row["start_date"]) for row in opened)
            assert 0 < (second - first).total_seconds() < 0.1
        counts.add(len(opened))

    assert counts == {1, 2}


# --- contacts of a deal


def of_deal(v1: CallerV1, deal: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = v1.body(f"deals/{deal}/contacts", **query)["contacts"]
    return rows


def test_given_deals_then_their_contacts_are_none_one_or_more_than_a_page(v1: CallerV1) -> None:
    truth = v1.crm.truth("deal_contacts", api="v1")
    by_count = {len(rows): id_ for id_, rows in truth.items()}
    assert {0, 1, 25} <= by_count.keys()

    for count in (0, 1, 25):
        rows = of_deal(v1, by_count[count], limit=200)
        assert sorted(rows, key=lambda row: row["id"]) == sorted(truth[by_count[count]], key=lambda row: row["id"])
    v1.crm.settings(unsorted="stable")
    first, second = (v1.body(f"deals/{by_count[25]}/contacts", page=page) for page in (1, 2))
    assert [(len(body["contacts"]), body["has_more"], body["total"]) for body in (first, second)] == [
        (20, True, 25),
        (5, False, 25),
    ]
    assert first.keys() == {"contacts", "has_more", "total"}
    contact = first["contacts"][0]
    assert contact["_id"] == contact["id"]
    assert not {"deals", "deal_id", "whatsapp_username", "integration_id"} & contact.keys()


def test_given_no_such_deal_then_its_contacts_are_404(v1: CallerV1) -> None:
    deal = v1.crm.create("deals", {"name": "De passagem"})[0]["id"]
    assert of_deal(v1, deal) is not None
    v1.crm.delete("deals", deal)

    answer = v1.get(f"deals/{deal}/contacts")

    assert answer.status_code == 404
    assert answer.json() == {"errors": {"error_type": "RESOURCE_NOT_FOUND", "error_message": "Lead not found."}}
    assert v1.get(f"deals/{deal}/tasks").status_code == 404


@pytest.mark.parametrize(("order", "ends"), [("low", "asc"), ("high", "desc"), ("first", "asc desc"), ("last", "")])
@pytest.mark.parametrize("date", ["created_at", "updated_at"])
def test_nulls_sort(v1: CallerV1, date: str, order: str, ends: str) -> None:
    v1.crm.settings(nulls_sort=order)
    without = {v1.crm.create("organizations", {date: None})[0]["id"] for _ in range(3)}

    for direction in ("asc", "desc"):
        rows = v1.rows("organizations", order=date, direction=direction, limit=200)
        undated = [row[date] is None for row in rows]
        assert {row["id"] for row in rows if row[date] is None} >= without
        assert undated == sorted(undated, reverse=direction in ends.split())
