"""A write's call: when it is tried again, when not, and what RD Station says of a refusal."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import requests_mock

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import (
    AnswerLostError,
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
)
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.responses import message_of, parse_json
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.session import Session

BASE = "https://api.example/crm/v2"
DONE: dict[str, Any] = {"json": {"data": {"id": "a"}}, "status_code": 201}
NEVER_SENT = requests.ConnectionError("NewConnectionError: refused")


@pytest.fixture
def server() -> Any:
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbyte_rdstation.client.retry.time.sleep", lambda _: None)


def send(method: str) -> Any:
    api = Api(BASE, Session(RateLimit(1_000_000), requests_at_once=2), RetryPolicy(tries=3, tries_on_500=3, seconds=30))
    return getattr(api, method)("/contacts", {"data": {"price": 100.0}}, parse_json, stream="contacts")


LOST = [
    *(pytest.param({"status_code": status}, id=str(status)) for status in (408, 500, 502, 503, 504, 520)),
    pytest.param({"exc": requests.ConnectionError}, id="reset"),
    pytest.param({"exc": requests.ReadTimeout}, id="stalled"),
    pytest.param({"exc": requests.exceptions.ChunkedEncodingError}, id="broken-off"),
    pytest.param({"text": "<html></html>"}, id="html"),
]
NOT_CARRIED_OUT = [
    pytest.param({"status_code": 429, "headers": {"Retry-After": "0"}}, id="429"),
    pytest.param({"exc": NEVER_SENT}, id="no-connection"),
    pytest.param({"exc": requests.ConnectTimeout}, id="connect-timeout"),
]


@pytest.mark.parametrize("failure", LOST)
def test_given_an_answer_that_is_lost_when_creating_then_it_is_not_tried_again(
    server: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    server.post(f"{BASE}/contacts", [failure, DONE])

    with pytest.raises(AnswerLostError):
        send("post")

    assert server.call_count == 1


@pytest.mark.parametrize("failure", NOT_CARRIED_OUT)
def test_given_a_creation_that_cannot_have_happened_when_creating_then_it_is_tried_again(
    server: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    server.post(f"{BASE}/contacts", [failure, DONE])

    assert send("post") == DONE["json"]
    assert server.request_history[-1].text == '{"data": {"price": 100.0}}'


@pytest.mark.parametrize("failure", [*LOST, *NOT_CARRIED_OUT])
def test_given_any_failure_that_passes_when_updating_then_it_is_tried_again(
    server: requests_mock.Mocker, failure: dict[str, Any]
) -> None:
    server.put(f"{BASE}/contacts", [failure, DONE])

    assert send("put") == DONE["json"]


@pytest.mark.parametrize("method", ["put", "post"])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, RequestRefusedError),
        (413, RequestRefusedError),
        (422, RequestRefusedError),
        (404, NotFoundError),
        (403, ForbiddenError),
    ],
)
def test_given_a_refusal_when_writing_then_the_error_carries_what_was_said_and_does_not_print_it(
    server: requests_mock.Mocker, method: str, status: int, kind: type[ConnectorError]
) -> None:
    server.register_uri(
        method, f"{BASE}/contacts", status_code=status, json={"errors": [{"detail": "Ana já cadastrada"}]}
    )

    with pytest.raises(kind) as caught:
        send(method)

    assert (caught.value.said, caught.value.status) == ("Ana já cadastrada", status)
    assert "Ana" not in f"{caught.value!r} {caught.value} {caught.value.internal_message}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"errors":[{"detail":"a"},{"error_message":"b"},{"title":"c"}]}', "a; b; c"),
        (b'{"errors":[{"name":["Valor j\\u00e1 existente."]}]}', "name: Valor já existente."),
        (b'{"errors":{"name":["a","b"]}}', "name: a; name: b"),
        (b'{"errors":"a"}', "a"),
        (b'{"errors":["a"]}', "a"),
        (b'{"detail":"a","message":"b"}', "a"),
        (b'{"error":"x","error_description":"a"}', "a"),
        (b"<html>" + b"x" * 500, "<html>" + "x" * 294),
        (b"[1]", "[1]"),
        (b"", ""),
    ],
)
def test_message_of(body: bytes, expected: str) -> None:
    assert message_of(body) == expected
