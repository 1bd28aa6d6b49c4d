from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from .conftest import Caller

SAME_SECOND = "2026-05-05T05:05:05.000Z"
LISTS = [
    "campaigns",
    "contacts",
    "custom_fields",
    "deals",
    "lost_reasons",
    "organizations",
    "pipelines",
    "products",
    "segments",
    "sources",
    "tasks",
    "teams",
    "users",
]


@pytest.mark.parametrize("name", LISTS)
def test_given_a_list_when_all_pages_are_read_sorted_then_the_truth_comes_back(api: Caller, name: str) -> None:
    sorts = {
        "contacts": "created_at",
        "users": "",
        "teams": "",
        "custom_fields": "order",
        "pipelines": "order",
        "tasks": "updated_at",
    }
    field = sorts.get(name, "name")
    order = {f"sort[{field}]": "asc"} if field else {}

    rows: list[dict[str, Any]] = []
    number = 0
    links: dict[str, Any] = {"next": ""}
    while "next" in links:
        number += 1
        body = api.page(f"/{name}", number=number, size=200, **order)
        rows, links = rows + body["data"], body["links"]

    # Ties may cross page borders in any order (crm-v2.md#a-full-second), hence no comparison beyond the first page for
    # names.
    assert len(rows) == len(api.crm.ids(name))
    if number == 1:
        by_id = {str(row): row for row in rows}
        assert by_id == {str(row): row for row in api.crm.truth(name)}


@pytest.mark.parametrize(("name", "parents"), [("notes", "deal_notes"), ("products", "deal_products")])
def test_given_a_deal_when_its_children_are_listed_then_they_are_those_of_the_truth(
    api: Caller, name: str, parents: str
) -> None:
    truth = api.crm.truth(parents)
    deal = next(iter(truth))

    assert sorted(api.ids(f"/deals/{deal}/{name}")) == sorted(row["id"] for row in truth[deal])


def test_given_a_pipeline_when_stages_are_listed_then_they_match_its_stage_ids(api: Caller) -> None:
    pipeline = api.page("/pipelines")["data"][0]

    stages = api.ids(f"/pipelines/{pipeline['id']}/stages", **{"sort[order]": "asc"})

    assert stages == pipeline["stage_ids"]
    assert api.get(f"/pipelines/{pipeline['id']}/stages/{stages[0]}").json()["data"]["id"] == stages[0]


@pytest.mark.parametrize("path", ["/deal_stages", "/deals/x/y", "/webhooks"])
def test_given_an_unknown_path_then_the_gateway_answers_404(api: Caller, path: str) -> None:
    answer = api.get(path)

    assert (answer.status_code, answer.json()) == (404, {"message": "no Route matched with those values"})


def test_given_an_unknown_parent_or_id_then_404_with_errors(api: Caller) -> None:
    for path in ("/deals/0000/notes", "/deals/0000", "/pipelines/0000/stages"):
        answer = api.get(path)
        assert answer.status_code == 404
        assert "errors" in answer.json()


# --- pages and links


@pytest.mark.parametrize("query", [{"size": 201}, {"size": 0}, {"size": "x"}, {"number": 0}])
def test_given_a_page_outside_the_limits_then_400(api: Caller, query: dict[str, Any]) -> None:
    assert api.get("/contacts", **query).status_code == 400


@pytest.mark.parametrize("size", ["25", "20"])
def test_default_size(api: Caller, size: str) -> None:
    api.crm.settings(default_size=size)

    assert len(api.page("/contacts")["data"]) == int(size)


def test_cap_size(api: Caller) -> None:
    api.crm.settings(cap_size=100)

    assert len(api.page("/contacts", size=200)["data"]) == 100


def test_largest_size(api: Caller) -> None:
    api.crm.settings(largest_size=100)

    assert api.get("/contacts", size=101).status_code == 400
    assert len(api.page("/contacts", size=100)["data"]) == 100


def test_given_the_prefix_of_links_when_followed_then_the_gateway_answers_404(api: Caller) -> None:
    links = api.page("/contacts", size=100, by_created="asc", number=2)["links"]

    query = parse_qs(urlsplit(links["next"]).query)
    followed = requests.get(links["next"], headers={"Authorization": f"Bearer {api.token}"}, timeout=10)
    assert urlsplit(links["next"]).path == "/api/v2/contacts"
    assert query == {"sort[created_at]": ["asc"], "page[number]": ["3"], "page[size]": ["100"]}
    assert set(links) == {"first", "prev", "self", "next", "last"}
    assert parse_qs(urlsplit(links["last"]).query)["page[number]"] == ["5"]
    assert (followed.status_code, followed.json()) == (404, {"message": "no Route matched with those values"})


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("absent", "without next"),
        ("null", None),
        ("empty_list", []),
        ("empty_object", {}),
        ("no_links", "without links"),
    ],
)
def test_last_page(api: Caller, form: str, expected: object) -> None:
    api.crm.settings(last_page=form)

    body = api.page("/contacts", size=200, number=3, by_created="asc")

    found = body.get("links", "without links")
    assert (found.get("next", "without next") if found and isinstance(found, dict) else found) == expected
    assert len(body["data"]) == len(api.crm.ids("contacts")) - 2 * 200  # other tests create some


def test_given_a_page_past_the_end_then_it_is_empty(api: Caller) -> None:
    body = api.page("/contacts", size=200, number=9)

    assert body["data"] == []
    assert "next" not in body["links"]


# --- the wall


@pytest.mark.parametrize(("wall", "status"), [("400", 400), ("500", 500)])
def test_given_the_wall_when_a_page_beyond_is_asked_then_it_is_refused(api: Caller, wall: str, status: int) -> None:
    api.crm.settings(wall=wall, wall_rows=200)

    assert api.get("/contacts", size=100, number=2, by_created="asc").status_code == 200
    assert api.get("/contacts", size=100, number=3, by_created="asc").status_code == status
    assert api.get("/tasks", size=50, number=6).status_code == 200


def test_given_an_empty_wall_then_nothing_lies_beyond(api: Caller) -> None:
    api.crm.settings(wall="empty", wall_rows=200)

    assert api.page("/contacts", size=100, number=3)["data"] == []


def test_given_a_repeating_wall_then_the_last_page_comes_again_and_next_goes_on(api: Caller) -> None:
    api.crm.settings(wall="repeat", wall_rows=200)

    last = api.page("/contacts", size=1, number=200, by_created="asc")
    beyond = api.page("/contacts", size=1, number=201, by_created="asc")

    assert beyond["data"] == last["data"]
    assert "next" in beyond["links"]


def test_given_a_page_across_the_wall_then_it_ends_there(api: Caller) -> None:
    api.crm.settings(wall_rows=250)

    assert len(api.page("/contacts", size=200, number=2)["data"]) == 50


@pytest.mark.parametrize(("form", "last"), [("exact", "5"), ("capped", "2"), ("absent", None)])
def test_last_links(api: Caller, form: str, last: str | None) -> None:
    api.crm.settings(last_links=form, wall_rows=200)

    link = api.page("/contacts", size=100)["links"].get("last")

    assert (link and parse_qs(urlsplit(link).query)["page[number]"][0]) == last


def test_walled_lists(api: Caller) -> None:
    api.crm.settings(walled_lists=["tasks"], wall_rows=20)

    assert api.get("/tasks", size=20, number=2).status_code == 400
    assert api.get("/contacts", size=20, number=2).status_code == 200


# --- order


def test_given_no_sort_then_two_answers_differ(api: Caller) -> None:
    assert api.ids("/contacts") != api.ids("/contacts")


def test_given_sort_minus_field_then_it_has_no_effect(api: Caller) -> None:
    assert api.ids("/contacts", sort="-created_at") != api.ids("/contacts", sort="-created_at")


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_given_a_sort_then_pages_are_ordered(api: Caller, direction: str) -> None:
    times = [row["updated_at"] for row in api.page("/deals", size=200, by_updated=direction)["data"]]

    assert times == sorted(times, reverse=direction == "desc")


@pytest.mark.parametrize(("bad_sort", "status"), [("400", 400), ("ignore", 200), ("500", 500)])
def test_bad_sort(api: Caller, bad_sort: str, status: int) -> None:
    api.crm.settings(bad_sort=bad_sort)

    assert api.get("/contacts", by_updated="asc").status_code == status
    assert api.get("/users", **{"sort[name]": "asc"}).status_code == status
    assert api.get("/deals", by_updated="upwards").status_code == status


def test_given_rows_of_one_instant_then_pages_draw_them_anew(api: Caller) -> None:
    made = {row["id"] for row in api.crm.create("organizations", count=60, at=SAME_SECOND)}
    one_second = 'updated_at:>="2026-05-05 05:05:05" updated_at:<"2026-05-05 05:05:06"'

    pages = [
        api.ids("/organizations", filter=one_second, by_updated="asc", size=20, number=number % 3 + 1)
        for number in range(30)
    ]

    counts = Counter(id_ for page in pages for id_ in page)
    assert set(counts) <= made
    assert len({tuple(page) for page in pages}) == 30
    assert all(len(set(page)) == 20 for page in pages)
    assert len({id_ for page in pages[:3] for id_ in page}) < 60  # one sweep of page numbers misses some


# --- filters


@pytest.mark.parametrize(
    ("literal", "status"),
    [
        pytest.param('"2026-04-07 00:00:00"', 200, id="quoted"),
        pytest.param("2026-04-07 00:00:00", 500, id="unquoted-with-space"),
        pytest.param("2026-07-22T13:11:07Z", 200, id="iso"),
        pytest.param("2026-07-22T13:11:07", 200, id="naive"),
        pytest.param("2026-07-22T13:11:07+00:00", 200, id="offset"),
        pytest.param("2026-07-22T13:11:07.123456+00:00", 500, id="microseconds-and-offset"),
        pytest.param('"2026-07-22 00:00:00.000"', 500, id="quoted-milliseconds"),
        pytest.param('"2026-04-07 00:00:00" updated_at:<"2026-05-07 00:00:00"', 200, id="range"),
        pytest.param('"2026-04-07 00:00:00";updated_at:<"2026-05-07 00:00:00"', 500, id="semicolon"),
        pytest.param('"2026-04-07 00:00:00",updated_at:<"2026-05-07 00:00:00"', 200, id="comma"),
    ],
)
@pytest.mark.parametrize("name", ["deals", "contacts", "organizations"])
def test_literal(api: Caller, name: str, literal: str, status: int) -> None:
    assert api.get(f"/{name}", filter=f"updated_at:>={literal}").status_code == status


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/tasks", 'updated_at:>="2026-01-01 00:00:00"'),
        ("/tasks", 'created_at:>="2026-01-01 00:00:00"'),
        ("/pipelines", "name:x"),
        ("/deals", "@no-such-slug:x"),
        ("/products", "name:~Lic"),
        ("/users", "is:required"),
    ],
)
@pytest.mark.parametrize("status", [500, 400])
def test_bad_filter(api: Caller, path: str, text: str, status: int) -> None:
    api.crm.settings(bad_filter=str(status))

    assert api.get(path, filter=text).status_code == status


@pytest.mark.parametrize("sort", ["updated_at", "created_at", "name"])
def test_given_a_range_then_exactly_its_rows_come_back(api: Caller, sort: str) -> None:
    deals = api.crm.truth("deals")
    low, high = "2026-03-01T00:00:00", "2026-08-20T00:00:00"
    expected = {row["id"] for row in deals if low <= row["updated_at"] < high and row["status"] == "won"}

    text = f"updated_at:>={low} updated_at:<{high} status:won"
    found = api.ids("/deals", filter=text, **{f"sort[{sort}]": "desc"})

    assert expected
    assert set(found) == expected


def test_given_a_later_edit_then_a_kept_filter_follows(api: Caller) -> None:
    contact = api.crm.truth("contacts")[0]["id"]
    query = {"filter": "job_title:Testador", "by_created": "asc"}

    before = api.ids("/contacts", **query)
    api.crm.edit("contacts", contact, job_title="Testador")
    after = api.ids("/contacts", **query)

    assert (before, after) == ([], [contact])


@pytest.mark.parametrize(
    ("text_match", "asked", "hits"),
    [("exact", "Maria Única", 1), ("exact", "maria única", 0), ("fold", "maria ÚNICA ", 1), ("contains", "ia Úni", 1)],
)
def test_text_match(api: Caller, text_match: str, asked: str, hits: int) -> None:
    api.crm.settings(text_match=text_match)
    if not api.ids("/contacts", filter='name:"Maria Única"'):
        api.crm.create("contacts", {"name": "Maria Única"})

    assert len(api.ids("/contacts", filter=f'name:"{asked}"')) == hits


def test_given_has_product_in_any_form_then_only_deals_with_lines(api: Caller) -> None:
    with_lines = set(api.crm.truth("deal_products"))

    assert set(api.ids("/deals", filter="has:product")) == with_lines
    assert set(api.ids("/deals", filter="has:product:true")) == with_lines
    assert set(api.ids("/deals", filter="-has:product")) == api.crm.ids("deals") - with_lines


def test_given_a_slug_then_its_value_is_found(api: Caller) -> None:
    contact = next(row for row in api.crm.truth("contacts") if row["custom_fields"].get("cpf"))

    assert api.ids("/contacts", filter=f'@cpf:"{contact["custom_fields"]["cpf"]}"') == [contact["id"]]


def test_given_an_email_with_plus_then_it_is_found(api: Caller) -> None:
    made = api.crm.create("contacts", {"name": "Mais", "emails": [{"email": "a+b@exemplo.test"}]})

    assert api.ids("/contacts", filter='email:"a+b@exemplo.test"') == [made[0]["id"]]


# --- form of records


def test_tz(api: Caller) -> None:
    contact = api.crm.create("contacts", {"name": "Fuso", "created_at": "2026-01-02T01:30:00.005Z"})[0]
    api.crm.settings(tz="-03:00")

    assert contact["created_at"] == "2026-01-02T01:30:00.005Z"
    assert api.get(f"/contacts/{contact['id']}").json()["data"]["created_at"] == "2026-01-01T22:30:00.005-03:00"


def test_blank(api: Caller) -> None:
    contact = api.crm.create("contacts", {"name": "Vazia", "birthday": None})[0]
    api.crm.settings(blank="")

    assert contact["birthday"] is None
    assert api.get(f"/contacts/{contact['id']}").json()["data"]["birthday"] == ""


def test_status_capitals_and_int_prices(api: Caller) -> None:
    deal = api.crm.create("deals", {"name": "Maiúscula", "status": "won", "one_time_price": 100.0})[0]
    api.crm.settings(status_capitals=True, int_prices=True)

    answer = api.get(f"/deals/{deal['id']}")

    assert answer.json()["data"]["status"] == "Won"
    assert '"one_time_price":100,' in answer.text
    assert deal["id"] in api.ids("/deals", filter="status:won")


def test_custom_fields_swapped_and_by_id(api: Caller) -> None:
    field = api.page("/custom_fields", filter="slug:cpf entity:contact")["data"][0]
    contact = next(row for row in api.crm.truth("contacts") if row["custom_fields"].get("cpf"))
    api.crm.settings(custom_fields_swapped=True, custom_fields_keys="id")

    assert api.page("/custom_fields", filter="slug:cpf entity:contact")["data"]["id"] == field["id"]
    assert api.get(f"/custom_fields/{field['id']}").json()["data"] == [field]
    shown = api.get(f"/contacts/{contact['id']}").json()["data"]["custom_fields"]
    assert shown[field["id"]] == contact["custom_fields"]["cpf"]


def test_given_teams_then_the_key_is_team_id(api: Caller) -> None:
    assert {"team_id", "name", "user_ids", "created_at", "updated_at"} == set(api.page("/teams")["data"][0])


def test_given_an_empty_wall_then_the_page_beyond_names_no_next(api: Caller) -> None:
    api.crm.settings(wall="empty", wall_rows=200)

    assert "next" in api.page("/contacts", size=100, number=2)["links"]
    assert "next" not in api.page("/contacts", size=100, number=3)["links"]
