from __future__ import annotations

from typing import Any

import pytest
import requests

from .conftest import Caller

EVER = '"1970-01-01 00:00:00"'


def deal(api: Caller, /, **fields: Any) -> requests.Response:
    return api.call("POST", "/deals", json={"data": {"name": "Nova", "owner_id": api.ids("/users")[0], **fields}})


def pipelines(api: Caller) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.page("/pipelines", **{"sort[order]": "asc"})["data"]
    return rows


def test_given_a_wall_of_422_then_a_page_beyond_is_refused(api: Caller) -> None:
    api.crm.settings(wall="422", wall_rows=200)

    assert api.get("/contacts", size=100, number=2, by_created="asc").status_code == 200
    assert api.get("/contacts", size=100, number=3, by_created="asc").status_code == 422


def test_given_no_links_at_all_then_no_page_has_any(api: Caller) -> None:
    api.crm.settings(links_absent=True)

    assert [set(api.page("/contacts", size=200, number=number)) for number in (1, 3)] == [{"data"}] * 2


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/tasks", 'updated_at:>="2100-01-01 00:00:00"'),
        ("/tasks", 'updated_at:>="2100-01-01 00:00:00" status:open'),
        ("/users", "is:required"),
    ],
)
def test_given_an_ignored_filter_then_every_row(api: Caller, path: str, text: str) -> None:
    api.crm.settings(bad_filter="ignore")

    assert set(api.ids(path, filter=text)) == api.crm.ids(path[1:])


@pytest.mark.parametrize(
    ("form", "bare", "valued"),
    [
        ("both", "with lines", "with lines"),
        ("bare", "with lines", "500"),
        ("bare_ignored", "with lines", "all"),
        ("value", "500", "with lines"),
    ],
)
def test_has_form(api: Caller, form: str, bare: str, valued: str) -> None:
    api.crm.settings(has_form=form)
    meanings = {"all": api.crm.ids("deals"), "with lines": set(api.crm.truth("deal_products"))}

    for text, meaning in (("has:product", bare), ("has:product:true", valued)):
        answer = api.get("/deals", filter=text, size=200)
        assert answer.status_code == (500 if meaning == "500" else 200)
        if meaning != "500":
            assert {row["id"] for row in answer.json()["data"]} == meanings[meaning]
    assert api.get("/deals", filter="-has:product").status_code == (500 if bare == "500" else 200)
    assert api.get("/users", filter="is:active:true").status_code == (500 if valued == "500" else 200)


@pytest.mark.parametrize("mode", ["ignore", "obey", "422"])
def test_pipeline_in_body(api: Caller, mode: str) -> None:
    api.crm.settings(pipeline_in_body=mode)
    first, other = pipelines(api)[:2]

    created = deal(api, pipeline_id=other["id"])
    plain = deal(api).json()["data"]
    moved = api.call("PUT", f"/deals/{plain['id']}", json={"data": {"pipeline_id": other["id"]}})

    assert created.status_code == (422 if mode == "422" else 201)
    assert moved.status_code == (422 if mode == "422" else 200)
    expected = other if mode == "obey" else first
    for answer in (created, moved) if mode != "422" else ():
        record = answer.json()["data"]
        assert record["pipeline_id"] == expected["id"]
        assert record["stage_id"] in expected["stage_ids"]


def test_given_a_stage_then_it_chooses_the_pipeline(api: Caller) -> None:
    other = pipelines(api)[1]

    created = deal(api, stage_id=other["stage_ids"][0]).json()["data"]
    plain = deal(api).json()["data"]
    moved = api.call("PUT", f"/deals/{plain['id']}", json={"data": {"stage_id": other["stage_ids"][-1]}})

    assert created["pipeline_id"] == moved.json()["data"]["pipeline_id"] == other["id"]


@pytest.mark.parametrize("name", ["contacts", "deals", "organizations"])
def test_null_updated_at(api: Caller, name: str) -> None:
    def found(text: str, **query: str) -> set[str]:
        ids: list[str] = []
        for number in (1, 2, 3):
            ids += api.ids(f"/{name}", filter=text, number=number, by_created="asc", **query)
        return set(ids)

    every = found(f"updated_at:>={EVER}")
    api.crm.settings(null_updated_at=3)
    rows = api.crm.truth(name)
    without = {row["id"] for row in rows if row["updated_at"] is None}

    assert every == {row["id"] for row in rows}
    assert len(rows) / 4 < len(without) < len(rows) / 2
    assert {row["id"] for row in api.page(f"/{name}", size=200)["data"] if not row["updated_at"]} <= without
    for text in (f"updated_at:>={EVER}", f"updated_at:>{EVER}", 'updated_at:<"2100-01-01 00:00:00"'):
        assert found(text) == every - without
    assert found(f"-updated_at:{EVER}") == every - without
    if name != "contacts":
        shown = api.page(f"/{name}", size=200, by_updated="asc", filter=f"updated_at:>={EVER}")["data"]
        assert shown
        assert all(row["updated_at"] for row in shown)
    api.crm.settings(null_updated_at=0)
    assert all(row["updated_at"] for row in api.crm.truth(name))
    assert found(f"updated_at:>={EVER}") == every


def test_null_closed_at(api: Caller) -> None:
    closed = {row["id"] for row in api.crm.truth("deals") if row["closed_at"]}
    api.crm.settings(null_closed_at=2)

    rows = {row["id"]: row for row in api.crm.truth("deals")}
    without = {id_ for id_ in closed if rows[id_]["closed_at"] is None}

    assert 0 < len(without) < len(closed)
    assert {rows[id_]["status"] for id_ in without} == {"won", "lost"}
    assert set(api.ids("/deals", filter=f"closed_at:>={EVER}")) == closed - without


@pytest.mark.parametrize("vanished", ["404", "410"])
def test_vanished(api: Caller, vanished: str) -> None:
    api.crm.settings(vanished=vanished)
    id_ = api.crm.create("organizations", {"name": f"De passagem {vanished}"})[0]["id"]
    api.crm.delete("organizations", id_)

    assert api.get(f"/organizations/{id_}").status_code == int(vanished)
    assert api.get(f"/organizations/{'0' * 24}").status_code == 404
    assert api.call("PUT", f"/organizations/{id_}", json={"data": {"name": "X"}}).status_code == 404


# --- lists of the newer docs


def test_given_meetings_without_a_filter_then_all_of_them(api: Caller) -> None:
    ids = [id_ for number in (1, 2, 3) for id_ in api.ids("/meetings", size=4, number=number)]

    assert len(ids) == 9
    assert set(api.ids("/meetings")) == api.crm.ids("meetings")
    assert api.get(f"/meetings/{ids[0]}").json()["data"]["id"] == ids[0]


@pytest.mark.parametrize("text", ['updated_at:>="2026-01-01 00:00:00"', "status:scheduled", "name:x"])
@pytest.mark.parametrize("bad_filter", ["500", "400", "ignore"])
def test_given_meetings_with_any_filter_then_500(api: Caller, text: str, bad_filter: str) -> None:
    api.crm.settings(bad_filter=bad_filter)

    assert api.get("/meetings", filter=text).status_code == 500


@pytest.mark.parametrize("mode", ["ignored", "400", "honoured"])
def test_meetings_sort(api: Caller, mode: str) -> None:
    api.crm.settings(meetings_sort=mode)

    answers = [api.get("/meetings", by_updated="desc") for _ in range(6)]

    assert {answer.status_code for answer in answers} == {400 if mode == "400" else 200}
    if mode != "400":
        walks = [[row["updated_at"] for row in answer.json()["data"]] for answer in answers]
        assert all(walk == sorted(walk, reverse=True) for walk in walks) == (mode == "honoured")


def test_meetings_fields(api: Caller) -> None:
    by_ids = {row["id"]: row for row in api.crm.truth("meetings")}
    api.crm.settings(meetings_fields="nested")
    nested = {row["id"]: row for row in api.page("/meetings")["data"]}

    assert by_ids.keys() == nested.keys()
    for id_, row in by_ids.items():
        other = nested[id_]
        assert row.keys() & other.keys() == {"id", "status", "created_at", "updated_at"}
        assert (other["name"], other["scheduled_at"]) == (row["subject"], row["starts_at"])
        assert other["user"]["id"] == row["organizer_id"]
        assert [person["id"] for person in other["participants"]] == row["contact_ids"]


def test_given_deals_then_none_one_or_sixty_files_paged(api: Caller) -> None:
    truth = api.crm.truth("deal_files")
    without = next(id_ for id_ in api.crm.ids("deals") if id_ not in truth)
    many = next(id_ for id_, rows in truth.items() if len(rows) > 1)

    pages = [api.page(f"/deals/{many}/files", size=25, number=number, by_created="asc")["data"] for number in (1, 2, 3)]

    assert {len(rows) for rows in truth.values()} == {1, 60}
    assert [row for page in pages for row in page] == truth[many]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert truth[many][0].keys() == {"id", "name", "size", "url", "created_at"}
    assert api.ids(f"/deals/{without}/files") == []
    names = [row["name"] for row in api.page(f"/deals/{many}/files", size=200, **{"sort[name]": "asc"})["data"]]
    assert names == sorted(names)
    assert api.get(f"/deals/{many}/files", filter="name:x").status_code == 500
    assert api.get(f"/deals/{many}/files/{truth[many][0]['id']}").status_code == 404
    assert api.get(f"/deals/{'0' * 24}/files").status_code == 404


in_each_order = pytest.mark.parametrize(
    ("order", "ends"), [("low", "asc"), ("high", "desc"), ("first", "asc desc"), ("last", "")]
)


@in_each_order
@pytest.mark.parametrize(("name", "date"), [("deals", "created"), ("deals", "updated"), ("tasks", "updated")])
def test_nulls_sort(api: Caller, name: str, date: str, order: str, ends: str) -> None:
    api.crm.settings(**{f"null_{date}_at": 3}, nulls_sort=order)
    every, key = api.crm.truth(name), f"{date}_at"
    without = {row["id"] for row in every if row[key] is None}

    for direction in ("asc", "desc"):
        ids = api.ids(f"/{name}", **{f"by_{date}": direction})
        ended = ids[: len(without)] if direction in ends.split() else ids[-len(without) :]
        assert set(ended) == without
        assert set(ids) == {row["id"] for row in every}
    if name == "deals":
        for text in (f"{key}:>={EVER}", f'{key}:<"2100-01-01 00:00:00"'):
            shown = api.ids(f"/{name}", filter=text, **{f"by_{date}": "asc"})
            assert set(shown) == {row["id"] for row in every} - without


@pytest.mark.parametrize("name", ["contacts", "organizations", "campaigns", "lost_reasons"])
def test_null_created_at(api: Caller, name: str) -> None:
    dates = [row["created_at"] for row in api.crm.truth(name)]
    api.crm.settings(null_created_at=2)

    rows = api.crm.truth(name)

    assert None not in dates
    assert len(rows) / 3 < sum(row["created_at"] is None for row in rows) < len(rows) * 2 / 3
    assert api.page(f"/{name}", size=200, by_created="asc")["data"][0]["created_at"] is None
