from __future__ import annotations

import base64
import json
import string
from typing import Any

import pytest
import requests

from .conversas_api import CallerConversas

SEEN_401 = {"auth": False, "message": "No token provided."}


def base64_json(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_the_token_is_a_jwt_without_an_end(conversas: CallerConversas) -> None:
    header, claims, _ = conversas.token.split(".")

    assert base64_json(header)["alg"] == "HS256"
    assert base64_json(claims).keys() == {"employee", "company", "iat"}
    assert len(base64_json(claims)["company"]) == 24
    assert set(conversas.token) <= set(string.printable)


@pytest.mark.parametrize("token", ["", "wrong", "cut"])
def test_given_a_wrong_token_then_401(conversas: CallerConversas, token: str) -> None:
    conversas.token = conversas.token[:-5] if token == "cut" else token

    answer = conversas.get("v2/employees")

    assert (answer.status_code, answer.json()) == (401, SEEN_401)


def test_given_a_revoked_token_then_401_as_documented(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_token="revoked", conversas_401_body="documented")

    answer = conversas.get("v2/employees")

    assert answer.status_code == 401
    assert answer.json().keys() == {"message", "errors"}


@pytest.mark.parametrize("path", ["v2/contacts", "v2/templates", "v2/v2/employees", "v4/nothing"])
def test_given_an_unknown_route_then_404_in_plain_text(conversas: CallerConversas, path: str) -> None:
    answer = conversas.get(path)

    assert (answer.status_code, answer.text) == (404, "Not Found")
    assert answer.headers["Content-Type"].startswith("text/plain")


def test_given_a_bucket_of_30_then_call_31_is_refused_even_on_unknown_paths(conversas: CallerConversas) -> None:
    conversas.crm.settings(
        conversas_bucket_burst=30, conversas_bucket_per_minute=0.48
    )  # so slow that a slow machine gets none more

    statuses = [conversas.get("v2/nothing").status_code for _ in range(30)]
    refused = conversas.get("v2/nothing")
    conversas.crm.advance_clock(500)  # four more: one in 125 s
    after = [conversas.get("v2/wallets").status_code for _ in range(5)]

    assert set(statuses) == {404}
    assert (refused.status_code, refused.json()) == (429, {"message": "API rate limit exceeded"})
    assert "Retry-After" not in refused.headers
    assert after == [200] * 4 + [429]
    assert conversas.crm.requests()[-1]["status"] == 429


def test_given_retry_after_then_the_seconds_to_wait(conversas: CallerConversas) -> None:
    conversas.crm.advance_clock(120)
    conversas.crm.settings(
        conversas_bucket_burst=1,
        conversas_bucket_per_minute=20,
        conversas_retry_after="seconds",
        conversas_429_body="text",
    )
    conversas.get("v2/wallets")

    refused = conversas.get("v2/wallets")

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert refused.text == "API rate limit exceeded"


@pytest.mark.parametrize("plan", [401, 402, 403])
def test_given_a_smaller_plan_then_history_is_refused_and_employees_answer(
    conversas: CallerConversas, plan: int
) -> None:
    customer = min(conversas.crm.conversas_ids("customers"))
    conversas.crm.settings(conversas_plan=plan)

    refused = conversas.get("v2/messages/history", customer_id=customer)

    assert refused.status_code == plan
    assert refused.json() == SEEN_401 if plan == 401 else refused.json().keys() == {"message"}
    assert conversas.get("v2/employees").status_code == 200


def test_given_other_gated_lists_then_these_are_refused(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_plan="402", conversas_plan_lists=["workflows", "reports"])

    assert conversas.get("v2/workflows").status_code == 402
    assert conversas.get("v4/reports").status_code == 402
    assert conversas.get("v2/flows").status_code == 200


def test_given_flaky_then_every_third_call_fails(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_flaky=3)

    statuses = [conversas.get("v2/flows").status_code for _ in range(6)]

    assert statuses.count(500) == 2
    assert statuses[:3] == statuses[3:]


@pytest.mark.parametrize(
    ("kind", "body"),
    [("401", SEEN_401), ("429", {"message": "API rate limit exceeded"}), ("503", {"message": "Service Unavailable"})],
)
def test_given_a_status_fault_then_the_body_is_that_of_conversas(
    conversas: CallerConversas, kind: str, body: object
) -> None:
    conversas.crm.fault(kind, path="^/v4/")

    assert conversas.get("v2/flows").status_code == 200
    hit = conversas.get("v4/reports")
    assert (hit.status_code, hit.json()) == (int(kind), body)


def test_given_broken_answers_then_as_for_the_crm(conversas: CallerConversas) -> None:
    customer = min(conversas.crm.conversas_ids("customers"))
    conversas.crm.fault("truncate", path="employees")
    conversas.crm.fault("data_null", path="flows")
    conversas.crm.fault("missing_id", path="customers")
    conversas.crm.fault("data_null", path="history")

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        conversas.get("v2/employees")
    assert conversas.body("v2/flows") == {"flows": None}
    assert "_id" not in conversas.body("v2/customers")[0]
    assert conversas.history(customer) == {"messages": None}


def test_given_a_fault_on_one_value_of_a_repeated_parameter_then_it_hits(conversas: CallerConversas) -> None:
    customer = min(conversas.crm.conversas_ids("customers"))
    conversas.crm.fault("500", query="type=audio")

    assert conversas.get("v2/messages/history", customer_id=customer, type=["audio", "text"]).status_code == 500


def test_the_log_tells_repeated_parameters_and_no_token(conversas: CallerConversas) -> None:
    customer = min(conversas.crm.conversas_ids("customers"))
    conversas.get("v2/messages/history", customer_id=customer, type=["text", "audio"])

    entry = conversas.crm.requests()[-1]

    assert ["type", "text"] in entry["parameters"]
    assert ["type", "audio"] in entry["parameters"]
    assert entry["query"]["customer_id"] == customer
    assert conversas.token not in json.dumps(conversas.crm.requests())


def test_the_crm_beside_it_is_unmoved(conversas: CallerConversas) -> None:
    conversas.crm.settings(conversas_bucket_burst=1, conversas_flaky=1)
    token = conversas.crm.oauth()["credentials"]["access_token"]

    url = f"{conversas.crm.base_url}/crm/v2/users"
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert answer.status_code == 200
