from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import requests

from .v1 import CallerV1

BODIES: dict[str, Any] = {
    "401": {"error": "Permission denied."},
    "429": {"errors": {"error_type": "RATE_LIMIT_EXCEDDED", "error_message": "API usage limit exceeded"}},
    "503": {"message": "Service Unavailable"},
}


@pytest.mark.parametrize("kind", BODIES)
def test_given_a_status_fault_then_the_body_is_of_v1(v1: CallerV1, kind: str) -> None:
    v1.crm.fault(kind, path="^/api/v1/", retry_after="4")

    hit, spared = v1.get("users"), v1.get("users")

    assert (hit.status_code, hit.json(), hit.headers["Retry-After"]) == (int(kind), BODIES[kind], "4")
    assert spared.status_code == 200
    assert [entry["fault"] for entry in v1.crm.requests()] == [kind, None]


@pytest.mark.parametrize("body", ["json", "html"])
def test_given_a_500_then_it_is_html(v1: CallerV1, body: str) -> None:
    v1.crm.fault("500", body=body)

    answer = v1.get("users")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.parametrize("kind", ["reset", "truncate", "drop_after_write"])
def test_given_a_broken_connection_then_an_error(v1: CallerV1, kind: str) -> None:
    v1.crm.fault(kind)

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        v1.get("contacts", limit=200)

    assert v1.get("contacts").status_code == 200


@pytest.mark.parametrize(
    ("kind", "looks"),
    [
        pytest.param("object_for_list", lambda data: isinstance(data, dict), id="object-for-list"),
        pytest.param("list_for_object", lambda data: isinstance(data[0], list), id="list-in-list"),
        pytest.param("data_null", lambda data: data is None, id="null"),
        pytest.param("missing_id", lambda data: not {"id", "_id"} & data[0].keys(), id="missing-id"),
    ],
)
@pytest.mark.parametrize("name", ["users", "custom_fields"])
def test_given_a_malformed_body_then_it_is_still_200_and_json(
    v1: CallerV1, kind: str, looks: Callable[[Any], bool], name: str
) -> None:
    v1.crm.fault(kind)

    body = v1.body(name)

    assert looks(body["users"] if name == "users" else body)


def test_given_list_for_object_then_a_single_deal_comes_in_a_list(v1: CallerV1) -> None:
    deal = v1.ids("deals")[0]
    v1.crm.fault("list_for_object")

    assert v1.body(f"deals/{deal}")[0]["id"] == deal


def test_given_repeat_page_html_and_redirect_then_as_for_v2(v1: CallerV1) -> None:
    v1.crm.fault("repeat_page", times=2)
    pages = [v1.get("deals", page=page).json() for page in (1, 2)]
    v1.crm.fault("html_200")
    html = v1.get("deals")
    v1.crm.fault("redirect")

    assert pages[0] == pages[1]
    assert (html.status_code, html.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert v1.get("deals").status_code == 302
