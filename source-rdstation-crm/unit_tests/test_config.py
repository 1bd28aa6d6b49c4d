"""Configurations and states that are not ours end as a sentence, without the values."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.state import StreamState, read_state
from airbyte_rdstation.client.errors import ConnectorError
from source_rdstation_crm.config import V1Credentials, read_settings
from source_rdstation_crm.streams.keyset_stream import KeysetState
from source_rdstation_crm.streams.newest_first_stream import NewestFirstState
from source_rdstation_crm.streams.substream import DealState

CREDENTIALS = {"api_version": "v2", "client_id": "app", "client_secret": "hush-1", "refresh_token": "hush-2"}
TOMORROW_WEEK = (datetime.now(timezone.utc) + timedelta(days=7)).isoformat()


def config(**changes: Any) -> dict[str, Any]:
    return {"credentials": CREDENTIALS, **changes}


def test_given_the_smallest_configuration_when_read_then_defaults_apply() -> None:
    settings = read_settings({"credentials": {key: CREDENTIALS[key] for key in CREDENTIALS if key != "api_version"}})

    assert settings.api_base_url == "https://api.rd.services"
    assert (settings.requests_per_minute, settings.num_workers, settings.start_date) == (120, 8, None)


def test_given_a_token_of_api_v1_when_read_then_it_is_v1_with_its_own_address() -> None:
    settings = read_settings({"credentials": {"api_version": "v1", "access_token": " hush-3\n"}})

    assert isinstance(settings.credentials, V1Credentials)
    assert settings.credentials.access_token == "hush-3"
    assert settings.api_base_url == "https://crm.rdstation.com"
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-01", "2024-01-01T00:00:00.000Z"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000Z"),
        ("2024-01-01T00:00:00-03:00", "2024-01-01T03:00:00.000Z"),
        ("1/2/2024", "2024-02-01T00:00:00.000Z"),
        ("", None),
    ],
)
def test_given_a_start_date_when_read_then_it_is_an_instant(text: str, expected: str) -> None:
    assert read_settings(config(start_date=text)).start_date == expected


@pytest.mark.parametrize(
    "url", ["https://staging.example", "http://127.0.0.1:8800", "http://localhost:1", "http://[::1]:5"]
)
def test_given_a_safe_base_url_when_read_then_it_is_taken(url: str) -> None:
    assert read_settings(config(api_base_url=url)).api_base_url == url


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        pytest.param({}, "credentials", id="nothing"),
        pytest.param({"credentials": "hush-1"}, "credentials", id="credentials-text"),
        pytest.param({"credentials": {**CREDENTIALS, "api_version": "hush-1"}}, "api_version", id="unknown-version"),
        pytest.param({"credentials": {"api_version": ["hush-1"]}}, "api_version", id="version-no-text"),
        pytest.param({"credentials": {"api_version": "v1"}}, "`credentials.access_token` is missing", id="no-token"),
        pytest.param(
            {"credentials": {"api_version": "v1", "access_token": " "}},
            "`credentials.access_token` is empty",
            id="blank",
        ),
        pytest.param({"credentials": {**CREDENTIALS, "client_secret": ["hush-1"]}}, "client_secret", id="wrong-type"),
        pytest.param({"credentials": {**CREDENTIALS, "refresh_token": "  "}}, "refresh_token", id="blank-v2"),
        pytest.param({"credentials": {**CREDENTIALS, "token_expiry_date": "hush-1"}}, "token_expiry_date", id="expiry"),
        pytest.param(config(start_date="hush-1"), "start_date", id="no-date"),
        pytest.param(config(start_date=5), "start_date", id="date-as-number"),
        pytest.param(config(start_date=TOMORROW_WEEK), "future", id="future"),
        pytest.param(config(api_base_url="http://hush-1.example"), "api_base_url", id="open-http"),
        pytest.param(config(api_base_url="ftp://127.0.0.1"), "api_base_url", id="ftp"),
        pytest.param(config(api_base_url="https://user:hush-1@host.example"), "api_base_url", id="user-in-url"),
        pytest.param(config(api_base_url="https://host.example/path"), "api_base_url", id="path"),
        pytest.param(config(api_base_url="https://host.example:hush-1"), "api_base_url", id="port"),
        pytest.param(config(requests_per_minute=0), "requests_per_minute", id="no-pace"),
        pytest.param(config(requests_per_minute="120"), "requests_per_minute", id="pace-as-text"),
        pytest.param(config(num_workers=21), "num_workers", id="too-many-workers"),
    ],
)
def test_given_a_wrong_configuration_when_read_then_the_error_names_the_property_and_no_value(
    raw: dict[str, Any], names: str
) -> None:
    with pytest.raises(ConnectorError, match=names) as caught:
        read_settings(raw)

    assert caught.value.failure_type == FailureType.config_error
    assert "hush" not in f"{caught.value.message}{caught.value.internal_message}"


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        (KeysetState, {"updated_at": "2026-08-01T00:00:00.000Z"}),
        (KeysetState, {}),
        (KeysetState, {"__ab_no_cursor_state_message": True}),
        (KeysetState, {"position": {"started": "2026-08-01T00:00:00Z", "latest": None, "ranges": [[None, None]]}}),
        (
            NewestFirstState,
            {"position": {"started": "2026-08-01T00:00:00Z", "latest": None, "page": 3, "reached": None}},
        ),
        (DealState, {"updated_at": "2026-08-01T00:00:00.000Z", "recent": {"a": "2026-08-01T00:00:00.000Z"}}),
    ],
)
def test_given_a_state_of_ours_when_read_then_it_is_taken(model: type[StreamState], raw: dict[str, Any]) -> None:
    assert read_state("deals", "updated_at", raw, model).cursor == raw.get("updated_at")


@pytest.mark.parametrize(
    "raw",
    [
        {"updated_at": "yesterday"},
        {"updated_at": 5},
        {"use_global_cursor": True, "states": []},
        {"position": {"ranges": "all"}},
        {"position": {"started": "2026-08-01T00:00:00Z", "ranges": [["a", "b"]]}},
    ],
)
def test_given_a_foreign_state_when_read_then_it_is_a_config_error(raw: dict[str, Any]) -> None:
    with pytest.raises(ConnectorError, match="deals") as caught:
        read_state("deals", "updated_at", raw, KeysetState)

    assert caught.value.failure_type == FailureType.config_error


@pytest.mark.parametrize("position", [{"started": "2026-08-01T00:00:00Z", "spans": [[None, None]]}, None, "any"])
def test_given_a_position_under_its_old_name_when_read_then_the_read_begins_anew_from_the_cursor(position: Any) -> None:
    state = read_state("deals", "updated_at", {"updated_at": "2026-07-31T00:00:00Z", "walk": position}, KeysetState)

    assert state == KeysetState(cursor="2026-07-31T00:00:00.000Z")
