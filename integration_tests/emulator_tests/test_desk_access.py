from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest
import requests

from .desk_api import CallerDesk

SEEN_401 = {"auth": False, "message": "No token provided."}


def base64_json(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_the_token_is_a_jwt_without_an_end(desk: CallerDesk) -> None:
    header, claims, _ = desk.token.split(".")

    assert base64_json(header)["alg"] == "HS256"
    assert base64_json(claims).keys() == {"employee", "company", "iat"}
    assert len(base64_json(claims)["company"]) == 24
    assert set(desk.token) <= set(string.printable)


@pytest.mark.parametrize("token", ["", "wrong", "cut"])
def test_given_a_wrong_token_then_401(desk: CallerDesk, token: str) -> None:
    desk.token = desk.token[:-5] if token == "cut" else token

    answer = desk.get("v2/employees")

    assert (answer.status_code, answer.json()) == (401, SEEN_401)


def test_given_a_revoked_token_then_401_as_documented(desk: CallerDesk) -> None:
    desk.crm.settings(desk_token="revoked", desk_401_body="documented")

    answer = desk.get("v2/employees")

    assert answer.status_code == 401
    assert answer.json().keys() == {"message", "errors"}


@pytest.mark.parametrize("path", ["v2/contacts", "v2/templates", "v2/v2/employees", "v4/nothing"])
def test_given_an_unknown_route_then_404_in_plain_text(desk: CallerDesk, path: str) -> None:
    answer = desk.get(path)

    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_given_a_bucket_of_30_then_call_31_is_refused_even_on_unknown_paths(desk: CallerDesk) -> None:
    desk.crm.settings(desk_bucket_burst=30, desk_bucket_per_minute=0.48)  # so slow that a slow machine gets none more

    statuses = [desk.get("v2/nothing").status_code for _ in range(30)]
    refused = desk.get("v2/nothing")
    desk.crm.advance_clock(500)  # four more: one in 125 s
    after = [desk.get("v2/wallets").status_code for _ in range(5)]

    assert set(statuses) == {404}
    assert (refused.status_code, refused.json()) == (429, {"message": "API rate limit exceeded"})
    assert "Retry-After" not in refused.headers
    assert after == [200] * 4 + [429]
    assert desk.crm.requests()[-1]["status"] == 429


def test_given_retry_after_then_the_seconds_to_wait(desk: CallerDesk) -> None:
    desk.crm.advance_clock(120)
    desk.crm.settings(desk_bucket_burst=1, desk_bucket_per_minute=20, desk_retry_after="seconds", desk_429_body="text")
    desk.get("v2/wallets")

    refused = desk.get("v2/wallets")

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert refused.text == "API rate limit exceeded"


@pytest.mark.parametrize("plan", [401, 402, 403])
def test_given_a_smaller_plan_then_history_is_refused_and_employees_answer(desk: CallerDesk, plan: int) -> None:
    customer = min(desk.crm.desk_ids("customers"))
    desk.crm.settings(desk_plan=plan)

    refused = desk.get("v2/messages/history", customer_id=customer)

    assert refused.status_code == plan
    assert refused.json() == SEEN_401 if plan == 401 else refused.json().keys() == {"message"}
    assert desk.get("v2/employees").status_code == 200


def test_given_other_gated_lists_then_these_are_refused(desk: CallerDesk) -> None:
    desk.crm.settings(desk_plan="402", desk_plan_lists=["workflows", "reports"])

    assert desk.get("v2/workflows").status_code == 402
    assert desk.get("v4/reports").status_code == 402
    assert desk.get("v2/flows").status_code == 200


def test_given_flaky_then_every_third_call_fails(desk: CallerDesk) -> None:
    desk.crm.settings(desk_flaky=3)

    statuses = [desk.get("v2/flows").status_code for _ in range(6)]

    assert statuses.count(500) == 2
    assert statuses[:3] == statuses[3:]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("401", SEEN_401), ("429", {"message": "API rate limit exceeded"}), ("503", {"message": "Service Unavailable"})],
)
def test_given_a_status_fault_then_the_body_is_the_desks(desk: CallerDesk, kind: str, body: object) -> None:
    desk.crm.fault(kind, path="^/v4/")

    assert desk.get("v2/flows").status_code == 200
    hit = desk.get("v4/reports")
    assert (hit.status_code, hit.json()) == (int(kind), body)


def test_given_broken_answers_then_as_for_the_crm(desk: CallerDesk) -> None:
    customer = min(desk.crm.desk_ids("customers"))
    desk.crm.fault("truncate", path="employees")
    desk.crm.fault("data_null", path="flows")
    desk.crm.fault("missing_id", path="customers")
    desk.crm.fault("data_null", path="history")

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        desk.get("v2/employees")
    assert desk.body("v2/flows") == {"flows": None}
    assert "_id" not in desk.body("v2/customers")[0]
    assert desk.history(customer) == {"messages": None}


def test_given_a_fault_on_one_value_of_a_repeated_parameter_then_it_hits(desk: CallerDesk) -> None:
    customer = min(desk.crm.desk_ids("customers"))
    desk.crm.fault("500", query="type=audio")

    assert desk.get("v2/messages/history", customer_id=customer, type=["audio", "text"]).status_code == 500


def test_the_log_tells_repeated_parameters_and_no_token(desk: CallerDesk) -> None:
    customer = min(desk.crm.desk_ids("customers"))
    desk.get("v2/messages/history", customer_id=customer, type=["text", "audio"])

    entry = desk.crm.requests()[-1]

    assert ["type", "text"] in entry["parameters"]
    assert ["type", "audio"] in entry["parameters"]
    assert entry["query"]["customer_id"] == customer
    assert desk.token not in json.dumps(desk.crm.requests())


def test_the_crm_beside_it_is_unmoved(desk: CallerDesk) -> None:
    desk.crm.settings(desk_bucket_burst=1, desk_flaky=1)
    token = desk.crm.oauth()["credentials"]["access_token"]

    url = f"{desk.crm.base_url}/crm/v2/users"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert answer.status_code == 200
