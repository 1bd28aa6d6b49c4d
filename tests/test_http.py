"""One call: what each status and each failure means, how often it is tried, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import certifi
import pytest
import requests
import requests_mock
from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import STATUSES, ConnectorError, ForbiddenError, NotFoundError, RequestRefusedError
from airbyte_rdstation.client.rate_limit import RateLimit
from airbyte_rdstation.client.responses import Page, read_page
from airbyte_rdstation.client.retry import RetryPolicy
from airbyte_rdstation.client.session import Session

BASE = "https://api.example/crm/v2"
GOOD: dict[str, Any] = {"json": {"data": [{"id": "a"}], "links": {}}}


class Tokens(requests.auth.AuthBase):
    """Hands out token-1, token-2, … one more at each refresh."""

    refreshed = 0

    def get_auth_header(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.refreshed + 1}"}

    def renew(self) -> bool:
        self.refreshed += 1
        return True

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self.get_auth_header())
        return request


@pytest.fixture
def server() -> Any:
    with requests_mock.Mocker() as mocker:
        yield mocker


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def skip(seconds: float) -> None:
        assert seconds >= 0

    monkeypatch.setattr("airbyte_rdstation.client.retry.time.sleep", skip)
    return skip


def get(tokens: Tokens | None = None) -> Page:
    session = Session(RateLimit(1_000_000), requests_at_once=2, auth=tokens or Tokens())
    api = Api(BASE, session, RetryPolicy(tries=3, tries_on_500=2, seconds=30))
    return api.get("/deals", {"filter": 'email:"ana@exemplo.test"'}, read_page, stream="deals", hint=" Hint.")


@pytest.mark.parametrize(
    "first",
    [
        *(pytest.param({"status_code": status}, id=str(status)) for status in (408, 500, 502, 503, 504)),
        pytest.param({"status_code": 429, "headers": {"Retry-After": "0"}}, id="429"),
        pytest.param({"exc": requests.ConnectionError}, id="reset"),
        pytest.param({"exc": requests.ReadTimeout}, id="stalled"),
        pytest.param({"exc": requests.exceptions.ChunkedEncodingError}, id="broken-off"),
        pytest.param({"text": '{"data": [{"id"'}, id="truncated"),
        pytest.param({"text": "<html></html>"}, id="html"),
        pytest.param({"json": {"data": None}}, id="data-null"),
    ],
)
def test_given_a_failure_that_passes_when_asked_then_the_answer_comes(
    server: requests_mock.Mocker, first: dict[str, Any]
) -> None:
    server.get(f"{BASE}/deals", [first, GOOD])

    assert get().rows == [{"id": "a"}]


def test_given_many_429_when_asked_then_they_do_not_count_as_failures(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/deals", [{"status_code": 429, "headers": {"Retry-After": "0"}}] * 20 + [GOOD])

    assert get().rows == [{"id": "a"}]


@pytest.mark.parametrize(
    ("answer", "tries", "failure", "kind"),
    [
        pytest.param({"status_code": 400}, 1, FailureType.system_error, RequestRefusedError, id="400"),
        pytest.param({"status_code": 402}, 1, FailureType.config_error, ForbiddenError, id="402"),
        pytest.param({"status_code": 403}, 1, FailureType.config_error, ForbiddenError, id="403"),
        pytest.param({"status_code": 404}, 1, FailureType.config_error, NotFoundError, id="404"),
        pytest.param({"status_code": 418}, 1, FailureType.system_error, ConnectorError, id="418"),
        pytest.param({"status_code": 422}, 1, FailureType.system_error, RequestRefusedError, id="422"),
        pytest.param({"status_code": 500}, 2, FailureType.transient_error, ConnectorError, id="500"),
        pytest.param({"status_code": 503}, 3, FailureType.transient_error, ConnectorError, id="503"),
        pytest.param({"exc": requests.ConnectTimeout}, 3, FailureType.transient_error, ConnectorError, id="timeout"),
        pytest.param({"exc": requests.exceptions.SSLError}, 1, FailureType.config_error, ConnectorError, id="tls"),
        pytest.param({"json": {"data": None}}, 2, FailureType.system_error, ConnectorError, id="unreadable"),
        pytest.param({"status_code": 302}, 1, FailureType.config_error, ConnectorError, id="redirect"),
        pytest.param(
            {"status_code": 429, "headers": {"Retry-After": "99999"}}, 1, FailureType.transient_error, ConnectorError,
            id="429-for-long",
        ),
    ],
)  # fmt: skip
def test_given_a_failure_that_stays_when_asked_then_it_ends_as_a_sentence_without_values(
    server: requests_mock.Mocker,
    answer: dict[str, Any],
    tries: int,
    failure: FailureType,
    kind: type[ConnectorError],
    caplog: pytest.LogCaptureFixture,
) -> None:
    body: dict[str, Any] = {} if "exc" in answer else {"json": {"errors": [{"detail": "Ana Exemplo"}]}}
    reply: dict[str, Any] = body | answer
    server.get(f"{BASE}/deals", **reply)

    with pytest.raises(kind) as caught:
        get()

    assert server.call_count == tries
    assert caught.value.failure_type == failure
    assert caught.value.message is not None
    assert caught.value.message.startswith("deals: ")
    told = f"{caught.value.message}{caught.value.internal_message}{caplog.text}"
    assert "Ana" not in told
    assert "ana@" not in told
    assert "token-" not in told


def test_given_a_401_when_asked_then_the_token_is_renewed_once_and_the_call_repeated(
    server: requests_mock.Mocker,
) -> None:
    tokens = Tokens()
    used: list[str] = []

    def answer(request: requests.PreparedRequest, context: Any) -> dict[str, Any]:
        used.append(request.headers["Authorization"])
        context.status_code = 401 if len(used) == 1 else 200
        return {"data": [{"id": "a"}], "links": {}}

    server.get(f"{BASE}/deals", json=answer)

    assert get(tokens).rows == [{"id": "a"}]
    assert tokens.refreshed == 1
    assert used == ["Bearer token-1", "Bearer token-2"]


def test_given_a_401_that_stays_when_asked_then_it_is_a_config_error_after_one_refresh(
    server: requests_mock.Mocker, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = Tokens()
    server.get(f"{BASE}/deals", status_code=401)

    with pytest.raises(ConnectorError, match="not even a fresh one") as caught:
        get(tokens)

    assert caught.value.failure_type == FailureType.config_error
    assert (tokens.refreshed, server.call_count) == (1, 2)
    assert "ana@" not in caplog.text


def test_given_a_redirect_when_asked_then_the_token_does_not_follow_it(server: requests_mock.Mocker) -> None:
    server.get(f"{BASE}/deals", status_code=302, headers={"Location": "https://elsewhere.example/"})
    elsewhere = server.get("https://elsewhere.example/", **GOOD)

    with pytest.raises(ConnectorError, match="redirect"):
        get()

    assert not elsewhere.called


def test_given_the_statuses_of_the_error_table_when_looked_up_then_each_has_a_sentence() -> None:
    for status in (400, 401, 402, 403, 404, 408, 422, 429, 500, 502, 503, 504):
        assert STATUSES[status].sentence


def test_given_a_proxy_in_the_environment_when_requests_are_sent_then_it_is_used_but_for_hosts_that_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.exemplo.test:3128")
    monkeypatch.setenv("NO_PROXY", "direto.exemplo.test")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    session = Session(RateLimit(1_000_000), requests_at_once=2)

    def settings(host: str) -> dict[str, Any]:
        return dict(session.merge_environment_settings(f"https://{host}/crm/v2/deals?a=b", {}, True, None, None))

    for _ in range(2):
        assert settings("api.exemplo.test")["proxies"]["https"] == "http://proxy.exemplo.test:3128"
        assert "https" not in settings("direto.exemplo.test")["proxies"]
        assert settings("api.exemplo.test")["verify"] == certifi.where()


def test_given_many_requests_to_a_host_when_sent_then_the_environment_is_read_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[Any] = []
    read = requests.Session.merge_environment_settings

    def counted(self: requests.Session, *args: Any) -> Any:
        asked.append(args)
        return read(self, *args)

    monkeypatch.setattr(requests.Session, "merge_environment_settings", counted)
    session = Session(RateLimit(1_000_000), requests_at_once=2)

    for page in range(3):
        session.merge_environment_settings(f"https://api.exemplo.test/deals?page={page}", {}, None, None, None)

    assert len(asked) == 1
