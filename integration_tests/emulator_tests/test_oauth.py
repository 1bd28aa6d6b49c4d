from __future__ import annotations

import base64
import re
from typing import Any

import pytest
import requests

from .conftest import Caller

FORTNIGHT = 14 * 86_400


@pytest.fixture(autouse=True)
def _authorized(api: Caller) -> None:
    api.crm.authorize_again()


def refresh_again(api: Caller, used: str) -> requests.Response:
    return api.token_call(refresh_token=used)


def test_given_a_refresh_then_both_tokens_are_new_and_the_old_one_is_dead(api: Caller) -> None:
    used = api.crm.oauth()["credentials"]["refresh_token"]

    first = api.token_call().json()
    again = refresh_again(api, used)

    assert first["token_type"] == "bearer"
    assert first["expires_in"] == 7200
    assert len(first["access_token"]) == len(first["refresh_token"]) == 32
    assert first["refresh_token"] != used
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert [entry["outcome"] for entry in api.crm.oauth()["history"][-2:]] == ["rotated", "reused"]
    assert refresh_again(api, first["refresh_token"]).status_code == 200


def test_given_a_json_body_then_it_works_too(api: Caller) -> None:
    credentials = api.crm.oauth()["credentials"]
    body = {**credentials, "grant_type": "refresh_token"}

    assert requests.post(f"{api.crm.base_url}/oauth2/token", json=body, timeout=10).status_code == 200


def test_given_a_basic_header_only_then_it_is_refused(api: Caller) -> None:
    credentials = api.crm.oauth()["credentials"]
    basic = base64.b64encode(f"{credentials['client_id']}:{credentials['client_secret']}".encode()).decode()
    form = {"refresh_token": credentials["refresh_token"], "grant_type": "refresh_token"}

    answer = requests.post(
        f"{api.crm.base_url}/oauth2/token", data=form, headers={"Authorization": f"Basic {basic}"}, timeout=10
    )

    assert answer.status_code == 400
    assert api.crm.oauth()["history"][-1]["outcome"] == "wrong_client"
    assert api.token_call().status_code == 200


@pytest.mark.parametrize(
    ("variant", "status", "client", "refresh"),
    [
        ("invalid_grant", 400, {"error": "invalid_client"}, {"error": "invalid_grant"}),
        ("gateway", 400, {"error": "invalid_request"}, {"error_description": "Invalid refresh_token"}),
        ("marketing", 401, {"error_type": "ACCESS_DENIED"}, {"error_type": "INVALID_REFRESH_TOKEN"}),
    ],
)
def test_token_error(api: Caller, variant: str, status: int, client: dict[str, str], refresh: dict[str, str]) -> None:
    api.crm.settings(token_error=variant)

    wrong_client = api.token_call(client_secret="wrong")
    wrong_token = api.token_call(refresh_token="unknown")

    assert wrong_client.status_code == wrong_token.status_code == status
    assert client.items() <= wrong_client.json().items()
    assert refresh.items() <= wrong_token.json().items()


@pytest.mark.parametrize(("reported", "expected"), [("ttl", 7200), ("absent", None), ("1", 1)])
def test_expires_in(api: Caller, reported: str, expected: int | None) -> None:
    api.crm.settings(expires_in=reported)

    assert api.token_call().json().get("expires_in") == expected


def test_given_two_hours_then_the_access_token_is_dead(api: Caller) -> None:
    api.renew()
    assert api.get("/users").status_code == 200

    api.crm.advance_clock(7201)

    answer = api.get("/users")
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "invalid_token",
        "error_description": "The access token is invalid or has expired",
    }


def test_given_expired_tokens_or_none_then_401(api: Caller) -> None:
    api.crm.expire_access_tokens()

    assert api.get("/users").status_code == 401
    bare = requests.get(f"{api.crm.base_url}/crm/v2/users", timeout=10)
    assert (bare.status_code, bare.json()["error"]) == (401, "invalid_request")


def test_given_a_fortnight_idle_then_the_refresh_token_is_dead(api: Caller) -> None:
    api.crm.advance_clock(FORTNIGHT)

    assert api.token_call().status_code == 400
    assert api.crm.oauth()["history"][-1]["outcome"] == "expired"


def test_given_a_revoked_refresh_token_then_it_is_dead(api: Caller) -> None:
    used = api.crm.oauth()["credentials"]["refresh_token"]
    api.crm.revoke_refresh_token()

    assert refresh_again(api, used).status_code == 400


def test_rotate_lost(api: Caller) -> None:
    api.crm.settings(rotate_lost=1)
    used = api.crm.oauth()["credentials"]["refresh_token"]

    with pytest.raises(requests.ConnectionError):
        refresh_again(api, used)

    assert refresh_again(api, used).status_code == 400
    assert [entry["outcome"] for entry in api.crm.oauth()["history"][-2:]] == ["lost", "reused"]


def test_given_an_authorization_code_then_it_works_once(api: Caller) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": api.crm.authorization_code(),
        "redirect_uri": "https://exemplo.test",
    }

    first, second = api.token_call(**form), api.token_call(**form)

    assert (first.status_code, second.status_code) == (200, 400)
    api.token = first.json()["access_token"]
    assert api.get("/users").status_code == 200


def test_given_an_old_authorization_code_then_it_is_dead(api: Caller) -> None:
    form = {"grant_type": "authorization_code", "code": api.crm.authorization_code()}
    api.crm.advance_clock(301)

    assert api.token_call(**form).status_code == 400


CALLBACK = "https://app.exemplo.test/callback"


def consent(api: Caller, **query: str) -> requests.Response:
    asked = {"response_type": "code", "client_id": api.crm.oauth()["credentials"]["client_id"], "state": "s1"}
    asked |= {"redirect_uri": CALLBACK, **query}
    return requests.get(f"{api.crm.base_url}/oauth/authorize", params=asked, allow_redirects=False, timeout=10)


def test_given_a_consent_then_the_code_works_with_its_redirect_uri_only(api: Caller) -> None:
    def code() -> str:
        location = consent(api).headers["Location"]
        found = re.fullmatch(re.escape(CALLBACK) + r"\?code=(\w{32})&state=s1", location)
        assert found is not None, location
        return found[1]

    def exchange(**form: str) -> int:
        return api.token_call(grant_type="authorization_code", code=code(), **form).status_code

    assert exchange(redirect_uri=CALLBACK) == 200
    assert exchange(redirect_uri="https://app.exemplo.test/other") == 400
    assert exchange() == 400


def test_consent(api: Caller) -> None:
    api.crm.settings(consent="refused")
    assert consent(api).headers["Location"] == f"{CALLBACK}?error=access_denied&state=s1"

    api.crm.settings(consent_state=False)
    assert consent(api).headers["Location"] == f"{CALLBACK}?error=access_denied"


def test_given_an_unknown_application_then_nobody_is_redirected(api: Caller) -> None:
    assert consent(api, client_id="unknown").status_code == 400
    assert consent(api, redirect_uri="http://app.exemplo.test").status_code == 400


def test_config_and_log(api: Caller) -> None:
    config: dict[str, Any] = api.crm.config(start_date="2026-01-01T00:00:00Z")
    api.token_call()
    api.renew()
    api.get("/users", size=3)

    assert set(config) == {"credentials", "api_base_url", "start_date"}
    assert config["credentials"]["api_version"] == "v2"
    token_call, list_call = api.crm.requests()[-2:]
    assert (token_call["path"], token_call["status"], token_call["body"], token_call["token"]) == (
        "/oauth2/token",
        200,
        None,
        None,
    )
    assert (list_call["query"], list_call["status"], list_call["rows"]) == ({"page[size]": "3"}, 200, 3)
    assert len(list_call["token"]) == 8
    assert list_call["token"] not in api.token
    assert list_call["arrived_monotonic"] <= list_call["answered_monotonic"]
