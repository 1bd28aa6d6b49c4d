from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from .conversas_api import CallerConversas

SPRING = {"start_date": "2026-02-01", "end_date": "2026-04-30"}  # 89 days, both counted


def walk(conversas: CallerConversas, **query: Any) -> list[dict[str, Any]]:
    """Every report, in windows of 89 days."""
    found: list[dict[str, Any]] = []
    start = date(2024, 1, 1)
    while start < date(2026, 11, 1):
        days = {"start_date": start.isoformat(), "end_date": (start + timedelta(days=88)).isoformat()}
        page, pages = 0, 1
        while page < pages:
            page += 1
            body = conversas.body("v4/reports", **days, page=page, limit=49, **query)
            found, pages = found + body["docs"], body["pages"]
        start += timedelta(days=89)
    return found


def test_given_windows_then_every_report_once(conversas: CallerConversas) -> None:
    truth = conversas.crm.conversas_truth("reports")

    found = walk(conversas)

    assert sorted(found, key=lambda row: row["id"]) == sorted(truth, key=lambda row: row["id"])
    assert conversas.crm.conversas_ids("reports") == {row["id"] for row in truth}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({}, "start_date", id="no-dates"),
        pytest.param({"start_date": "2026-01-01"}, "end_date", id="no-end"),
        pytest.param({"start_date": "2026-02-01", "end_date": "2026-05-01"}, "end_date", id="three-months-and-a-day"),
        pytest.param({"start_date": "2026-02-02", "end_date": "2026-02-01"}, "end_date", id="backwards"),
        pytest.param({**SPRING, "limit": 50}, "limit", id="limit-50"),
        pytest.param({**SPRING, "start_date": "01/02/2026"}, "start_date", id="no-date"),
        pytest.param({**SPRING, "page": 0}, "page", id="page-0"),
    ],
)
def test_given_wrong_parameters_then_400_names_them(
    conversas: CallerConversas, query: dict[str, Any], field: str
) -> None:
    answer = conversas.get("v4/reports", **query)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field


def test_given_a_wider_limit_then_100_works(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_reports_limit=100)

    assert conversas.body("v4/reports", **SPRING, limit=100)["limit"] == 100


def test_the_filter_by_status_may_be_ignored_or_refused(conversas: CallerConversas) -> None:
    made = conversas.crm.conversas_create("reports", {"closed": True}, at="2026-08-20T12:00:00Z")[0]
    opened = {"start_date": "2026-08-20", "end_date": "2026-08-21", "status": "opened", "limit": 49}

    assert made["id"] not in {row["id"] for row in conversas.body("v4/reports", **opened)["docs"]}
    conversas.crm.settings(conversas_reports_status="ignored")
    assert made["id"] in {row["id"] for row in conversas.body("v4/reports", **opened)["docs"]}
    conversas.crm.settings(conversas_reports_status="refused")
    assert conversas.get("v4/reports", **opened).status_code == 400


@pytest.mark.parametrize(
    ("day_tz", "day"), [pytest.param("-03:00", "2026-08-30", id="local"), pytest.param("UTC", "2026-08-31", id="utc")]
)
def test_the_filter_is_on_the_opening_day_and_its_zone_a_switch(
    conversas: CallerConversas, day_tz: str, day: str
) -> None:
    made = conversas.crm.conversas_create("reports", {"closed": False}, at="2026-08-31T01:30:00Z")[0]
    conversas.crm.conversas_close_report(made["id"])
    conversas.crm.settings(conversas_day_tz=day_tz)

    found = {
        at: made["id"] in {row["id"] for row in conversas.body("v4/reports", start_date=at, end_date=at)["docs"]}
        for at in ("2026-08-30", "2026-08-31")
    }

    assert found == {at: at == day for at in found}


def test_filters(conversas: CallerConversas) -> None:
    every = walk(conversas)

    for name, key in (("channel", "channel"), ("department", "to_department"), ("tabulation", "to_tabulation")):
        wanted = next(row[key] for row in every if row[key])
        assert {row["id"] for row in walk(conversas, **{name: wanted})} == {
            row["id"] for row in every if row[key] == wanted
        }
    assert all(not row["closed"] for row in walk(conversas, status="opened"))
    assert all(row["employee"] is None for row in walk(conversas, type="chatbots"))


def test_given_the_older_shape_then_take_and_skip_without_counts(conversas: CallerConversas) -> None:
    whole = conversas.body("v4/reports", **SPRING, limit=49)["docs"]
    conversas.crm.settings(conversas_reports_envelope="reports")

    body = conversas.body("v4/reports", **SPRING, take=2, skip=1)

    assert body == {"reports": whole[1:3]}


def test_given_the_specs_shape_then_other_columns(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_report_shape="spec")

    row = walk(conversas)[0]

    assert isinstance(row["id"], int)
    assert {"title", "description", "createdAt", "updatedAt"} <= row.keys()
    assert str(row["id"]) in conversas.crm.conversas_ids("reports")


def test_given_close_later_then_open_rows_close_while_read(conversas: CallerConversas) -> None:
    conversas.crm.conversas_create("reports", {"closed": False, "closed_at": ""}, count=4)
    before = sum(not row["closed"] for row in conversas.crm.conversas_truth("reports"))
    conversas.crm.settings(conversas_close_later=2)

    for _ in range(4):
        conversas.body("v4/reports", **SPRING)

    after = sum(not row["closed"] for row in conversas.crm.conversas_truth("reports"))
    assert before - after == 2


def test_given_an_edit_then_it_is_read(conversas: CallerConversas) -> None:
    row = walk(conversas)[0]

    edited = conversas.crm.conversas_edit("reports", row["id"], to_tabulation="reaberto", level=9)

    assert edited == {**row, "to_tabulation": "reaberto", "level": 9}
    assert edited in walk(conversas)
