from __future__ import annotations

import re
from typing import Any

import pytest

from .v1 import CallerV1, ids_of

COUNTED = {"has_more", "total"}
ENVELOPES = {
    "deals": {"deals", "has_more", "total", "next_page"},
    **{
        name: {name, *COUNTED}
        for name in (
            "contacts",
            "organizations",
            "tasks",
            "products",
            "campaigns",
            "deal_sources",
            "deal_lost_reasons",
            "deal_stages",
            "teams",
        )
    },
    "activities": {"activities"},
    "users": {"users"},
}
BY_CREATED = {"order": "created_at", "direction": "asc"}


def pages(v1: CallerV1, name: str, **query: Any) -> list[str]:
    """Ids of all pages by number, as they come."""
    found: list[str] = []
    for number in range(1, 100):
        body = v1.body(name, page=number, **query)
        found += ids_of(body[name])
        if not body["has_more"]:
            return found
    raise AssertionError("it never ended")


# --- envelopes and limits


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelope(v1: CallerV1, name: str) -> None:
    body = v1.body(name)

    assert body.keys() == ENVELOPES[name]
    if "total" in body and name != "deal_stages":
        assert body["total"] == len(v1.crm.ids(name, api="v1"))
        assert body["has_more"] is (body["total"] > len(body[name]))


@pytest.mark.parametrize("name", ["deal_pipelines", "custom_fields"])
def test_given_a_list_without_envelope_then_an_array(v1: CallerV1, name: str) -> None:
    assert sorted(ids_of(v1.body(name))) == sorted(v1.crm.ids(name, api="v1"))


@pytest.mark.parametrize(
    ("name", "rows"), [("deals", 20), ("contacts", 20), ("organizations", 20), ("tasks", 20), ("activities", 20)]
)
def test_default_limit(v1: CallerV1, name: str, rows: int) -> None:
    assert len(v1.rows(name)) == rows
    assert len(v1.rows(name, limit=7)) == 7


def test_given_pipelines_stages_and_teams_then_their_own_limits(v1: CallerV1) -> None:
    v1.crm.create("pipelines", count=30)
    v1.crm.create("teams", count=30)
    pipeline = v1.crm.create("pipelines")[0]["id"]
    for _ in range(15):
        v1.crm.create("stages", parent=pipeline)

    total = len(v1.crm.ids("teams", api="v1"))
    stages = v1.crm.truth("deal_stages", api="v1")[pipeline]

    assert (len(v1.rows("deal_pipelines")), len(v1.rows("deal_pipelines", limit=25))) == (20, 25)
    assert len(v1.rows("teams")) == len(v1.rows("teams", limit=5)) == total > 20
    assert len(stages) > 12
    assert len(v1.rows("deal_stages", deal_pipeline_id=pipeline, limit=200)) == 12
    v1.crm.settings(unsorted="stable")
    assert len(set(pages(v1, "deal_stages", deal_pipeline_id=pipeline))) == len(stages)


@pytest.mark.parametrize("name", ["users", "custom_fields"])
def test_given_a_list_without_pages_then_everything_whatever_is_asked(v1: CallerV1, name: str) -> None:
    assert set(v1.ids(name, page=3, limit=1)) == v1.crm.ids(name, api="v1")


def test_limit_over(v1: CallerV1) -> None:
    assert len(v1.rows("contacts", limit=201)) == 200

    v1.crm.settings(v1_limit_over="500")

    assert v1.get("contacts", limit=201).status_code == 500
    assert v1.get("contacts", limit=200).status_code == 200


@pytest.mark.parametrize("query", [{"page": 0}, {"page": "x"}, {"limit": 0}, {"limit": -1}, {"page": "1.5"}])
def test_given_a_page_or_limit_that_is_no_positive_number_then_500_in_html(v1: CallerV1, query: dict[str, Any]) -> None:
    answer = v1.get("contacts", **query)

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")
    assert answer.text.startswith("<p>Problemas técnicos são sempre inesperados")


def test_has_more_always(v1: CallerV1) -> None:
    v1.crm.settings(v1_has_more="always")

    assert v1.body("campaigns", page=9) == {"campaigns": [], "has_more": True, "total": 6}


def test_ignore_page(v1: CallerV1) -> None:
    v1.crm.settings(v1_ignore_page=True)

    for name in ("teams", "deal_pipelines", "activities"):
        assert v1.ids(name, page=1, limit=2) == v1.ids(name, page=5, limit=2)
    assert v1.body("teams", page=2)["has_more"] is True
    assert v1.ids("campaigns", page=2) == []


# --- walks


@pytest.mark.parametrize("unsorted", ["stable", "shuffle"])
def test_given_a_walk_by_creation_then_ties_decide_whether_all_rows_come(v1: CallerV1, unsorted: str) -> None:
    v1.crm.settings(unsorted=unsorted)
    v1.crm.create("contacts", count=40, at="2026-09-09T09:09:09.000Z")

    walks = [pages(v1, "contacts", limit=7, **BY_CREATED) for _ in range(2)]

    assert len(walks[0]) == len(v1.crm.ids("contacts", api="v1"))
    assert (walks[0] == walks[1]) == (unsorted == "stable")
    assert (len(set(walks[0])) == len(walks[0])) == (unsorted == "stable")


def test_given_edits_during_a_walk_then_rows_change_and_go(v1: CallerV1) -> None:
    before = {row["id"]: row["updated_at"] for row in v1.crm.truth("deals", api="v1")}
    v1.crm.settings(edit_during_walk=1)

    v1.get("deals")

    after = {row["id"]: row["updated_at"] for row in v1.crm.truth("deals", api="v1")}
    assert sum(before[id_] != after[id_] for id_ in before) == 1
    v1.crm.settings(edit_during_walk_deletes=True)
    assert v1.body("deals")["total"] == len(before) - 1
    activities = v1.crm.ids("activities", api="v1")
    v1.get("activities")
    assert len(v1.crm.ids("activities", api="v1")) == len(activities) - 1


# --- the wall


@pytest.mark.parametrize("wall", ["empty", "400", "500"])
def test_wall(v1: CallerV1, wall: str) -> None:
    v1.crm.settings(v1_wall=wall, wall_rows=50)

    across, behind = v1.body("contacts", limit=20, page=3), v1.get("contacts", limit=20, page=4)

    assert (len(across["contacts"]), across["has_more"]) == (10, True)
    assert across["total"] > 50
    if wall == "empty":
        assert behind.json() == {"contacts": [], "has_more": False, "total": across["total"]}
    else:
        assert behind.status_code == int(wall)
        assert ("json" if wall == "400" else "html") in behind.headers["Content-Type"]


def test_walled_lists(v1: CallerV1) -> None:
    v1.crm.settings(wall_rows=20, v1_walled_lists=["tasks"])

    assert v1.rows("tasks", page=2) == []
    assert len(v1.rows("contacts", page=2)) == 20


# --- the cursor


def follow(v1: CallerV1, **query: Any) -> list[str]:
    """Ids of a walk by cursor."""
    found: list[str] = []
    body = v1.body("deals", page=1, **query)
    for _ in range(99):
        found += ids_of(body["deals"])
        if not body["has_more"]:
            break
        body = v1.body("deals", page=1, next_page=body["next_page"], **query)
    return found


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_given_a_walk_by_cursor_then_each_row_comes_once_in_order_ties_included(v1: CallerV1, direction: str) -> None:
    v1.crm.create("deals", count=30, at="2026-03-03T03:03:03.003Z")
    deals = v1.crm.truth("deals", api="v1")

    walked = follow(v1, limit=7, direction=direction)

    created = {row["id"]: row["created_at"] for row in v1.crm.truth("deals")}
    expected = sorted(((created[row["id"]], row["id"]) for row in deals), reverse=direction == "desc")
    assert walked == [id_ for _, id_ in expected]


def test_given_the_last_page_then_it_has_a_cursor_all_the_same(v1: CallerV1) -> None:
    body = v1.body("deals", created_at_period="true", start_date="2025-01-01", end_date="2025-03-01", limit=200)

    assert body["has_more"] is False
    assert re.fullmatch(r"i-\d{13},s-[0-9a-f]{24}", body["next_page"])
    assert body["next_page"].endswith(body["deals"][-1]["id"])


def test_given_a_window_then_the_cursor_stays_inside(v1: CallerV1) -> None:
    window = {"created_at_period": "true", "start_date": "2025-06-01", "end_date": "2026-03-01"}

    assert sorted(follow(v1, limit=9, **window)) == sorted(v1.ids("deals", **window))


@pytest.mark.parametrize("past", [False, True])
def test_cursor_past_wall(v1: CallerV1, past: bool) -> None:
    v1.crm.settings(wall_rows=30, v1_cursor_past_wall=past)

    walked = follow(v1, limit=20)

    assert len(walked) == (len(v1.crm.ids("deals", api="v1")) if past else 30)
    v1.crm.settings(v1_wall="400")
    last = v1.body("deals", limit=30)["next_page"]
    assert v1.get("deals", limit=30, next_page=last).status_code == (200 if past else 400)


def test_next_page_absent(v1: CallerV1) -> None:
    v1.crm.settings(v1_next_page="absent")

    assert v1.body("deals").keys() == {"deals", "has_more", "total"}


def test_next_page_stuck(v1: CallerV1) -> None:
    v1.crm.settings(v1_next_page="stuck")

    first = v1.body("deals")

    assert v1.body("deals", next_page=first["next_page"]) == first


@pytest.mark.parametrize("text", ["x", "i-x,s-0", "s-Plano,s-0", f"i-1726778672521,s-{'0' * 24}"])
@pytest.mark.parametrize("mode", ["present", "stuck"])
def test_given_a_cursor_that_was_not_given_out_then_400(v1: CallerV1, text: str, mode: str) -> None:
    v1.crm.settings(v1_next_page=mode)

    answer = v1.get("deals", next_page=text)

    assert (answer.status_code, answer.json()) == (400, {"error": "Invalid next page param format"})
