"""One emulator a module, its switches back at their defaults before each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

import prefork
from emulator.client import AccountSize, Emulator

from .conversas_api import CallerConversas
from .v1 import CallerV1

SMALL = AccountSize(contacts=450, deals=120, organizations=30, tasks=60)
UNLIMITED = {"rate_limit_requests": 0}


class Caller:
    """A client of the API with a live token, and the emulator behind it as `crm`."""

    def __init__(self, crm: Emulator) -> None:
        self.crm = crm
        self._session = requests.Session()
        self._session.trust_env = False
        self.token = ""

    def renew(self) -> None:
        credentials = self.crm.oauth()["credentials"]
        if "access_token" not in credentials:
            credentials = self.crm.authorize_again()["credentials"]
        self.token = credentials["access_token"]

    def call(self, method: str, path: str, json: object = None, timeout: float = 10, **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.crm.base_url}/crm/v2{path}"
        return self._session.request(
            method, url, params=query, json=json, headers=headers, timeout=timeout, allow_redirects=False
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        named = {NAMES.get(name, name): value for name, value in query.items()}
        return self.call("GET", path, **named)

    def page(self, path: str, **query: Any) -> dict[str, Any]:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def ids(self, path: str, **query: Any) -> list[str]:
        return [row["id"] for row in self.page(path, **{"size": 200, **query})["data"]]

    def token_call(self, **form: str) -> requests.Response:
        credentials = self.crm.oauth()["credentials"]
        fields = {name: credentials[name] for name in ("client_id", "client_secret", "refresh_token")}
        fields |= {"grant_type": "refresh_token", **form}
        return self._session.post(f"{self.crm.base_url}/oauth2/token", data=fields, timeout=10)

    def close(self) -> None:
        self._session.close()


NAMES = {
    "size": "page[size]",
    "number": "page[number]",
    "by_updated": "sort[updated_at]",
    "by_created": "sort[created_at]",
}


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with Emulator(size=SMALL, settings=UNLIMITED, seed=7, start=prefork.emulator) as running:
        yield running


@pytest.fixture(scope="module")
def defaults(crm: Emulator) -> dict[str, Any]:
    return crm.settings()


@pytest.fixture
def api(crm: Emulator, defaults: dict[str, Any]) -> Iterator[Caller]:
    crm.settings(**defaults)
    crm.clear_faults()
    crm.clear_requests()
    caller = Caller(crm)
    caller.renew()
    yield caller
    caller.close()


@pytest.fixture
def v1(crm: Emulator, defaults: dict[str, Any]) -> Iterator[CallerV1]:
    crm.settings(**defaults)
    crm.clear_faults()
    crm.clear_requests()
    caller = CallerV1(crm)
    yield caller
    caller.close()


@pytest.fixture
def conversas(crm: Emulator, defaults: dict[str, Any]) -> Iterator[CallerConversas]:
    crm.settings(**{**defaults, "conversas_bucket_burst": 0})
    crm.clear_faults()
    crm.clear_requests()
    caller = CallerConversas(crm)
    yield caller
    caller.close()
