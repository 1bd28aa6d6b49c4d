from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
import requests

import prefork
from emulator.client import AccountSize, Emulator

from .v1 import CallerV1, ids_of

DENIED = {"error": "Permission denied."}
PATHS = ["token/check", "deals", "deals/0000", "users"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("token", [None, "", "f" * 24])
def test_given_no_or_a_wrong_token_then_401(v1: CallerV1, path: str, token: str | None) -> None:
    answer = v1.get(path, token=token)

    assert (answer.status_code, answer.json()) == (401, DENIED)


def test_given_a_disabled_token_then_401(v1: CallerV1) -> None:
    v1.crm.settings(v1_token="disabled")

    assert (v1.get("deals").status_code, v1.get("deals").json()) == (401, DENIED)


def test_given_the_token_of_v2_then_401_and_the_other_way_round(v1: CallerV1) -> None:
    other = v1.crm.oauth()["credentials"]["access_token"]
    bearer = {"Authorization": f"Bearer {v1.token}"}

    assert v1.get("deals", token=other).status_code == 401
    assert requests.get(f"{v1.crm.base_url}/crm/v2/deals", headers=bearer, timeout=10).status_code == 401


def test_token_check(v1: CallerV1) -> None:
    found = v1.body("token/check")

    assert found.keys() == {"email", "name", "organization"}
    assert found["email"] in {row["email"] for row in v1.rows("users")}


def test_given_calls_then_the_log_names_the_token_by_its_hash_only(v1: CallerV1) -> None:
    v1.get("deals", limit=3)
    v1.get("deals", token="wrong-secret")

    log = v1.crm.requests()

    assert log[0]["token"] == hashlib.sha256(v1.token.encode()).hexdigest()[:8]
    assert (log[0]["path"], log[0]["query"], log[0]["status"], log[0]["rows"]) == (
        "/api/v1/deals",
        {"limit": "3"},
        200,
        3,
    )
    assert v1.token not in json.dumps(log)
    assert "wrong-secret" not in json.dumps(log)


def test_given_another_seed_then_another_token_and_the_same_for_the_same() -> None:
    tokens = []
    for seed in (1, 1, 2):
        with Emulator(AccountSize(contacts=1, deals=1), seed=seed, start=prefork.emulator) as crm:
            tokens.append(crm.v1_token())

    assert tokens[0] == tokens[1] != tokens[2]


def test_config_of_each_version(v1: CallerV1) -> None:
    assert v1.crm.config(api_version="v1", start_date="2026-01-01T00:00:00Z") == {
        "credentials": {"api_version": "v1", "access_token": v1.token},
        "api_base_url": v1.crm.base_url,
        "start_date": "2026-01-01T00:00:00Z",
    }
    assert v1.crm.config()["credentials"]["api_version"] == "v2"


@pytest.mark.parametrize(
    ("refusal", "body"),
    [
        pytest.param("403", {"error": "forbidden"}, id="403"),
        pytest.param(
            "422",
            {
                "errors": [
                    {
                        "error_type": "ACCESS_DENIED",
                        "error_MESSAGE": "Access denied.",
                        "feature": "teams",
                        "access": "false",
                    }
                ]
            },
            id="422",
        ),
    ],
)
def test_forbidden(v1: CallerV1, refusal: str, body: dict[str, Any]) -> None:
    v1.crm.settings(v1_forbidden=["teams"], v1_refusal=refusal)

    refused = v1.get("teams")

    assert (refused.status_code, refused.json()) == (int(refusal), body)
    assert v1.get("users").status_code == 200


def test_given_an_unknown_id_or_path_then_404_in_the_shape_of_v1(v1: CallerV1) -> None:
    answers = [v1.get(path) for path in ("deals/0000", "deal_stages/0000", "contacts/0000", "meetings", "a/b/c")]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert answers[0].json() == {"errors": {"error_type": "RESOURCE_NOT_FOUND", "error_message": "Lead not found."}}
    assert {answer.json()["errors"]["error_type"] for answer in answers} == {"RESOURCE_NOT_FOUND"}


@pytest.mark.parametrize("retry_after", ["absent", "seconds"])
def test_given_the_budget_is_used_then_429(v1: CallerV1, retry_after: str) -> None:
    v1.crm.advance_clock(120)
    v1.crm.settings(rate_limit_requests=2, v1_retry_after=retry_after)

    statuses = [v1.get("teams").status_code for _ in range(2)]
    refused = v1.get("teams")

    assert statuses == [200, 200]
    assert refused.status_code == 429
    assert refused.json() == {
        "errors": {"error_type": "RATE_LIMIT_EXCEDDED", "error_message": "API usage limit exceeded"}
    }
    assert refused.headers.get("Retry-After") == ("60" if retry_after == "seconds" else None)


@pytest.mark.parametrize("name", ["deals", "organizations", "contacts", "tasks"])
def test_given_visibility_own_then_only_the_users_rows(v1: CallerV1, name: str) -> None:
    v1.crm.settings(v1_visibility="own")
    seen, there = v1.crm.ids(name, api="v1", visible=True), v1.crm.ids(name, api="v1")

    body = v1.body(name, limit=200)

    listed = {id_ for page in range(1, 4) for id_ in v1.ids(name, page=page, order="created_at")}
    assert listed <= seen < there
    assert body["total"] == len(seen) > 0
    v1.crm.settings(v1_total_counts="all")
    assert v1.body(name)["total"] == len(there)


def test_given_visibility_own_then_the_rows_are_those_of_the_checked_user_and_others_are_404(v1: CallerV1) -> None:
    v1.crm.settings(v1_visibility="own")
    email = v1.body("token/check")["email"]
    hidden = next(iter(v1.crm.ids("deals", api="v1") - v1.crm.ids("deals", api="v1", visible=True)))

    deals = v1.rows("deals", limit=200)

    assert {row["user"]["email"] for row in deals} == {email}
    assert v1.get(f"deals/{hidden}").status_code == 404
    assert v1.get(f"deals/{ids_of(deals)[0]}").status_code == 200
