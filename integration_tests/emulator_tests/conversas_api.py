"""A client of the API of Conversas for its tests; it decrypts, but repairs nothing."""

from __future__ import annotations

import json
from typing import Any

import requests

from emulator.client import Emulator
from emulator.conversas_data.people import CHANNELS
from emulator.conversas_data.talks import SENDERS, TYPES

from .keys import opened

__all__ = ["EVERYTHING", "CallerConversas"]

EVERYTHING: dict[str, Any] = {
    "type": TYPES,
    "channel": CHANNELS,
    "sent_by": SENDERS,
    "start_date": "2024-01-01",
    "limit": 100,
}
"""Parameters of a history call without which something stays hidden."""


class CallerConversas:
    """Calls with the account's token; `crm` is the emulator behind."""

    def __init__(self, crm: Emulator) -> None:
        self.crm = crm
        config = crm.conversas_config()
        self.token: str = config["access_token"]
        self.key: dict[str, str] = json.loads(config["private_key_jwk"])
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, path: str, **query: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.crm.base_url}/{path}"
        return self._session.get(url, params=query, headers=headers, timeout=10, allow_redirects=False)

    def body(self, path: str, **query: Any) -> Any:
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def history(self, customer_id: str, **query: Any) -> Any:
        """The body of a page; nothing is hidden unless `query` says so."""
        return self.body("v2/messages/history", customer_id=customer_id, **{**EVERYTHING, **query})

    def raw(self, customer_id: str, **query: Any) -> bytes:
        """The page's plaintext."""
        return opened(self.history(customer_id, **query)["messages"], self.key)[1]

    def page(self, customer_id: str, **query: Any) -> list[dict[str, Any]]:
        """The page's messages; the plaintext must be sound UTF-8."""
        found: list[dict[str, Any]] = json.loads(self.raw(customer_id, **query))
        return found

    def longest(self) -> tuple[str, list[dict[str, Any]]]:
        """The contact with most messages, and these."""
        by_customer: dict[str, list[dict[str, Any]]] = {}
        for message in self.crm.conversas_truth("messages"):
            by_customer.setdefault(message["customer_id"], []).append(message)
        return max(by_customer.items(), key=lambda item: len(item[1]))

    def close(self) -> None:
        self._session.close()
