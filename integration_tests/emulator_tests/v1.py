"""A client of API v1 for its tests."""

from __future__ import annotations

from typing import Any

import requests

from emulator.client import Emulator

__all__ = ["CallerV1", "ids_of"]


class CallerV1:
    """Calls with the emulator's v1 token; `crm` is the emulator behind."""

    def __init__(self, crm: Emulator) -> None:
        self.crm = crm
        self.token = crm.v1_token()
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, path: str, **query: Any) -> requests.Response:
        url = f"{self.crm.base_url}/api/v1/{path}"
        parameters = {"token": self.token, **query}
        return self._session.get(url, params=parameters, timeout=10, allow_redirects=False)

    def body(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, path: str, **query: Any) -> list[dict[str, Any]]:
        body = self.body(path, **query)
        found: list[dict[str, Any]] = body if isinstance(body, list) else body[path]
        return found

    def ids(self, path: str, **query: Any) -> list[str]:
        return ids_of(self.rows(path, **{"limit": 200, **query}))

    def close(self) -> None:
        self._session.close()


def ids_of(rows: list[dict[str, Any]]) -> list[str]:
    return [row.get("_id") or row["id"] for row in rows]
