from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from .conversas_api import CallerConversas

SUMMARY = "v1/analytics/attendances/summary"
RETENTION = "v1/analytics/attendances/retention"
REVIEWS = "v1/analytics/attendances/reviews/average"
ORIGIN = "v1/analytics/contacts/origin"
ALWAYS = {"start_date": "2024-01-01", "end_date": "2030-12-31", "timezone": "America/Sao_Paulo"}
DAY = "2026-10-20"


def seconds(rows: list[dict[str, Any]], name: str) -> float:
    found = [float(row[name]["value"]) for row in rows if row[name]]
    return sum(found) / len(found)


@pytest.mark.parametrize(("unit", "length"), [("min", 60), ("h", 3600), ("days", 86400)])
@pytest.mark.parametrize("numbers", [float, str])
def test_summary(conversas: CallerConversas, unit: str, length: int, numbers: type[float | str]) -> None:
    conversas.crm.settings(
        conversas_analytics_unit=unit, conversas_analytics_numbers="text" if numbers is str else "number"
    )
    rows = conversas.crm.conversas_truth("reports")

    body = conversas.body(SUMMARY, **ALWAYS)

    assert body.keys() == {"attendancesTotal", "tma", "tme"}
    assert body["attendancesTotal"] == len(rows)
    for name in ("tma", "tme"):
        assert body[name]["unit"] == unit
        assert isinstance(body[name]["val"], numbers)
        assert float(body[name]["val"]) == pytest.approx(seconds(rows, name) / length, abs=0.01)


def test_given_a_window_without_attendances_then_nulls(conversas: CallerConversas) -> None:
    query = {**ALWAYS, "start_date": "2030-01-01"}

    assert conversas.body(SUMMARY, **query) == {"attendancesTotal": 0, "tma": None, "tme": None}
    assert conversas.body(RETENTION, **query) == {"retention": 0, "chatBotAttendances": 0}
    assert conversas.body(ORIGIN, **query) == {"data": []}


@pytest.mark.parametrize("numbers", ["number", "text"])
def test_retention(conversas: CallerConversas, numbers: str) -> None:
    conversas.crm.settings(conversas_analytics_numbers=numbers)
    rows = conversas.crm.conversas_truth("reports")
    alone = sum(row["employee"] is None for row in rows)

    body = conversas.body(RETENTION, **ALWAYS)

    assert body["chatBotAttendances"] == alone
    assert float(body["retention"]) == pytest.approx(100 * alone / len(rows), abs=0.1)
    assert isinstance(body["retention"], str) == (numbers == "text")


@pytest.mark.parametrize("shape", ["object", "number", "list"])
def test_reviews(conversas: CallerConversas, shape: str) -> None:
    conversas.crm.settings(conversas_analytics_reviews=shape)
    levels = [row["level"] for row in conversas.crm.conversas_truth("reports") if row.get("level")]

    body = conversas.body(REVIEWS, **ALWAYS)

    whole = {"average": round(sum(levels) / len(levels), 2), "total": len(levels)}
    assert body == {"object": whole, "number": whole["average"], "list": [whole]}[shape]


def test_origin(conversas: CallerConversas) -> None:
    data = conversas.body(ORIGIN, start_date="2024-01-01", end_date="2030-12-31")["data"]

    assert data == sorted(data, key=lambda row: (row["date"], row["origin"]))
    assert sum(row["total"] for row in data) == len(conversas.crm.conversas_ids("customers"))
    assert max(Counter((row["date"], row["origin"]) for row in data).values()) == 1


@pytest.mark.parametrize("path", [SUMMARY, RETENTION, REVIEWS, ORIGIN])
@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"start_date": None}, "start_date", id="no-start"),
        pytest.param({"end_date": None}, "end_date", id="no-end"),
        pytest.param({"start_date": DAY, "end_date": DAY}, "end_date", id="one-day-without-times"),
        pytest.param({"start_date": "2031-01-01"}, "end_date", id="backwards"),
        pytest.param({"start_date": "01/01/2026"}, "start_date", id="brazilian"),
        pytest.param({"start_date": "2026-01-01T00:00:00Z"}, "start_date", id="zoned"),
        pytest.param({"end_date": "2026-02-30"}, "end_date", id="no-such-day"),
        pytest.param({"timezone": "Nowhere/City"}, "timezone", id="no-such-zone"),
    ],
)
def test_given_wrong_parameters_then_400_names_them(
    conversas: CallerConversas, path: str, query: dict[str, str | None], field: str
) -> None:
    answer = conversas.get(path, **{**ALWAYS, **query})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(("path", "status"), [(SUMMARY, 400), (RETENTION, 400), (REVIEWS, 400), (ORIGIN, 200)])
def test_given_no_timezone_then_only_origin_answers(conversas: CallerConversas, path: str, status: int) -> None:
    assert conversas.get(path, **{**ALWAYS, "timezone": None}).status_code == status


def test_given_one_day_with_times_then_its_attendances_in_that_zone(conversas: CallerConversas) -> None:
    conversas.crm.conversas_create("reports", count=2, at=f"{DAY}T03:00:00.000Z")
    conversas.crm.conversas_create("reports", count=3, at="2026-10-21T02:59:59.500Z")
    conversas.crm.conversas_create("reports", count=5, at="2026-10-21T03:00:00.000Z")
    times = {"start_date": f"{DAY}T00:00:00", "end_date": f"{DAY}T23:59:59"}

    def total(**query: str) -> int:
        return int(conversas.body(SUMMARY, **query)["attendancesTotal"])

    assert total(**times, timezone="America/Sao_Paulo") == 5
    assert total(**times, timezone="UTC") == 2
    assert total(start_date=DAY, end_date="2026-10-21", timezone="America/Sao_Paulo") == 10
    conversas.crm.settings(conversas_one_day="accepted")
    assert total(start_date=DAY, end_date=DAY, timezone="America/Sao_Paulo") == 5


def test_analytics_range(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_analytics_range=89)

    for end, status in (("2026-04-30", 200), ("2026-05-01", 400)):  # 89 days and 90, both counted
        query = {**ALWAYS, "start_date": "2026-02-01", "end_date": end}
        assert conversas.get(SUMMARY, **query).status_code == status


@pytest.mark.parametrize("mode", ["obeyed", "ignored", "empty"])
@pytest.mark.parametrize(
    ("name", "key"), [("department_ids", lambda row: row["to_department"]), ("employee_ids", lambda row: row["who"])]
)
def test_analytics_lists(conversas: CallerConversas, mode: str, name: str, key: Any) -> None:
    conversas.crm.settings(conversas_analytics_lists=mode)
    rows = [{**row, "who": (row["employee"] or {}).get("id")} for row in conversas.crm.conversas_truth("reports")]
    counts = Counter(key(row) for row in rows if key(row))
    (first, some), (second, others) = counts.most_common(2)

    def total(**query: str) -> int:
        return int(conversas.body(SUMMARY, **ALWAYS, **query)["attendancesTotal"])

    assert total(**{name: first}) == some
    expected = {"obeyed": some + others, "ignored": len(rows), "empty": 0}
    assert total(**{name: f"{first},{second}"}) == expected[mode]
    assert conversas.body(RETENTION, **ALWAYS, **{name: first}) == conversas.body(RETENTION, **ALWAYS)


@pytest.mark.parametrize(("mode", "status"), [("obeyed", 200), ("ignored", 200), ("empty", 200), ("400", 400)])
def test_analytics_departments(conversas: CallerConversas, mode: str, status: int) -> None:
    conversas.crm.settings(conversas_analytics_departments=mode)
    counts = Counter(row["to_department"] for row in conversas.crm.conversas_truth("reports"))
    department = next(name for name in counts if name)

    answer = conversas.get(SUMMARY, **ALWAYS, department_ids=department)

    assert answer.status_code == status
    expected = {"obeyed": counts[department], "ignored": counts.total(), "empty": 0, "400": None}
    assert answer.json().get("attendancesTotal") == expected[mode]
    assert conversas.get(RETENTION, **ALWAYS, department_ids=department).status_code == 200


def test_analytics_times(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_analytics_times="refused")

    for days, status in (((f"{DAY}T00:00:00", f"{DAY}T23:59:59"), 400), ((DAY, "2026-10-21"), 200)):
        query = {**ALWAYS, "start_date": days[0], "end_date": days[1]}
        assert conversas.get(SUMMARY, **query).status_code == status


@pytest.mark.parametrize(
    "path", ["messages", "messages/summary", "messages/templates", "templates", "attendances/reviews-average"]
)
def test_given_a_path_that_does_not_exist_then_404_in_plain_text(conversas: CallerConversas, path: str) -> None:
    answer = conversas.get(f"v1/analytics/{path}", **ALWAYS)

    assert (answer.status_code, answer.text) == (404, "Not Found")
