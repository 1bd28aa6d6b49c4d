"""The token owner: one refresh at a time, published before use, and every refusal told apart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import requests
import requests_mock
from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.errors import ConnectorError
from airbyte_rdstation.client.oauth import TokenOwner
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.retry import RetryPolicy

URL = "https://api.example/oauth2/token"
FRESH = {"access_token": "access-2", "refresh_token": "refresh-2", "expires_in": 7200, "token_type": "bearer"}


@pytest.fixture
def config() -> dict[str, Any]:
    credentials = {"client_id": "app", "client_secret": "hush", "refresh_token": "refresh-1"}
    return {"credentials": credentials, "start_date": "2024-01-01T00:00:00Z", "mine": {"kept": True}}


@pytest.fixture
def endpoint() -> Any:
    with requests_mock.Mocker() as mocker:
        yield mocker


def owner(config: dict[str, Any]) -> TokenOwner:
    return TokenOwner(config, URL, RateLimit(1_000_000), RetryPolicy(tries=2, tries_on_500=2, seconds=5))


def test_given_no_access_token_when_asked_then_the_new_pair_is_published_before_it_can_be_used(
    config: dict[str, Any], endpoint: requests_mock.Mocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    published: list[tuple[dict[str, Any], str]] = []
    monkeypatch.setattr(
        "airbyte_rdstation.client.oauth.emit_configuration_as_airbyte_control_message",
        lambda whole: published.append((json.loads(json.dumps(whole)), config["credentials"].get("access_token", ""))),
    )
    endpoint.post(URL, json=FRESH)

    assert owner(config).get_auth_header() == {"Authorization": "Bearer access-2"}

    (whole, visible_before) = published[0]
    assert visible_before == "", "other threads could use the token before the platform had it"
    assert whole["credentials"]["refresh_token"] == "refresh-2"
    assert whole["mine"] == {"kept": True}
    assert config["credentials"] == whole["credentials"]


def test_given_a_refresh_when_sent_then_credentials_travel_in_the_form(
    config: dict[str, Any], endpoint: requests_mock.Mocker
) -> None:
    endpoint.post(URL, json=FRESH)

    owner(config).get_access_token()

    sent = endpoint.last_request
    assert sent is not None
    assert sent.text == "grant_type=refresh_token&client_id=app&client_secret=hush&refresh_token=refresh-1"
    assert "Authorization" not in sent.headers


def test_given_many_threads_when_the_token_expires_then_it_is_renewed_once(
    config: dict[str, Any], endpoint: requests_mock.Mocker
) -> None:
    everybody = threading.Barrier(8)
    endpoint.post(URL, json=FRESH)
    tokens = owner(config)

    def ask() -> None:
        everybody.wait()
        tokens.get_access_token()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert endpoint.call_count == 1


@pytest.mark.parametrize(
    ("left", "expired"),
    [pytest.param(timedelta(minutes=6), False, id="fresh"), pytest.param(timedelta(minutes=4), True, id="leeway")],
)
def test_given_a_token_near_its_end_when_asked_then_it_counts_as_expired(
    config: dict[str, Any], left: timedelta, expired: bool
) -> None:
    moment = datetime.now(timezone.utc) + left
    config["credentials"].update(access_token="access-1", token_expiry_date=moment.isoformat())

    assert owner(config).token_has_expired() is expired


@pytest.mark.parametrize("unknown", [{}, {"token_expiry_date": ""}])
def test_given_an_access_token_whose_end_is_unknown_when_asked_then_it_is_used_until_a_401(
    config: dict[str, Any], endpoint: requests_mock.Mocker, unknown: dict[str, Any]
) -> None:
    config["credentials"].update(access_token="access-1", **unknown)

    assert owner(config).get_access_token() == "access-1"

    assert endpoint.call_count == 0


@pytest.mark.parametrize("expires_in", [200, "200", 200.0])
def test_given_a_short_life_when_renewed_then_half_of_it_is_used(
    config: dict[str, Any], endpoint: requests_mock.Mocker, expires_in: object
) -> None:
    endpoint.post(URL, json={**FRESH, "expires_in": expires_in})
    tokens = owner(config)

    tokens.get_access_token()

    assert tokens.token_has_expired() is False


@pytest.mark.parametrize("answer", [{}, {"expires_in": None}, {"expires_in": "soon"}, {"expires_in": -1}])
def test_given_no_usable_lifetime_when_renewed_then_it_is_two_hours(
    config: dict[str, Any], endpoint: requests_mock.Mocker, answer: dict[str, Any]
) -> None:
    endpoint.post(URL, json={"access_token": "access-2", "refresh_token": "refresh-2", **answer})
    tokens = owner(config)

    tokens.get_access_token()

    left = tokens.get_token_expiry_date() - datetime.now(timezone.utc)
    assert timedelta(minutes=119) < left <= timedelta(minutes=120)


AUTHORIZE_AGAIN, WRONG_CLIENT, WRONG_HOST = (
    "Authorize the connection again",
    "client ID and client secret",
    "API base URL",
)


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (400, {"error": "invalid_grant", "error_description": "…"}, AUTHORIZE_AGAIN),
        (400, {"error": "invalid_request", "error_description": "Invalid refresh_token"}, AUTHORIZE_AGAIN),
        (401, {"error_type": "INVALID_REFRESH_TOKEN", "error_message": "… invalid or was revoked."}, AUTHORIZE_AGAIN),
        (401, {"error_type": "ACCESS_DENIED", "error_message": "Wrong credentials provided."}, WRONG_CLIENT),
        (401, {"error": "invalid_client"}, WRONG_CLIENT),
        (401, {"error": "invalid_client", "error_description": "Unknown to this grant type"}, WRONG_CLIENT),
        (200, {"error": "invalid_grant"}, AUTHORIZE_AGAIN),
        (403, {"message": "Forbidden"}, "Check client ID and client secret"),
        (404, {"message": "no Route matched with those values"}, WRONG_HOST),
        (302, {}, WRONG_HOST),
    ],
)
def test_given_a_refusal_when_renewed_then_the_user_is_told_what_to_do(
    config: dict[str, Any], endpoint: requests_mock.Mocker, status: int, body: dict[str, str], says: str
) -> None:
    endpoint.post(URL, status_code=status, json=body)

    with pytest.raises(ConnectorError, match=says) as caught:
        owner(config).get_access_token()

    assert caught.value.failure_type == FailureType.config_error
    assert endpoint.call_count == 1, "a refusal is final"
    assert "refresh-1" not in f"{caught.value.message}{caught.value.internal_message}"


def test_given_a_lost_answer_when_the_old_token_is_dead_then_the_error_says_why(
    config: dict[str, Any], endpoint: requests_mock.Mocker
) -> None:
    endpoint.post(URL, [{"exc": requests.ReadTimeout}, {"status_code": 400, "json": {"error": "invalid_grant"}}])

    with pytest.raises(ConnectorError, match="connection broke while the tokens were renewed"):
        owner(config).get_access_token()


@pytest.mark.parametrize(
    "first",
    [
        pytest.param({"status_code": 503, "text": "<html>"}, id="503"),
        pytest.param({"status_code": 429, "headers": {"Retry-After": "0"}}, id="429"),
        pytest.param({"exc": requests.ConnectionError}, id="reset"),
        pytest.param({"text": '{"access_tok'}, id="truncated"),
    ],
)
def test_given_a_failure_that_passes_when_renewed_then_it_is_tried_again(
    config: dict[str, Any], endpoint: requests_mock.Mocker, first: dict[str, Any]
) -> None:
    endpoint.post(URL, [first, {"json": FRESH}])

    assert owner(config).get_access_token() == "access-2"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def skip(seconds: float) -> None:
        assert seconds >= 0

    monkeypatch.setattr("airbyte_rdstation.client.retry.time.sleep", skip)
    return skip
