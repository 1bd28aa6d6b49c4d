"""What tests ask and change of RD Station Conversas; `client.Emulator` has these methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

__all__ = ["ConversasCalls"]


class ConversasCalls(ABC):
    """Lists.

    Customers, reports, employees, custom_fields, flows, workflows, templates, wallets, whatsapp_integrations,
    whatsapp_official_integrations, campaigns; and `messages`, which has no ids, and `campaign_details`.
    """

    base_url: str

    @abstractmethod
    def _control(self, method: str, path: str, body: object = None) -> Any:
        """A call of the control plane."""

    def conversas_config(self, **overrides: Any) -> dict[str, Any]:
        """A configuration for source-rdstation-conversas that works now; overrides replace top-level keys."""
        return {**self._control("GET", "/conversas/config"), "api_base_url": self.base_url, **overrides}

    def conversas_keys(self) -> dict[str, Any]:
        """Private keys: `current`, `old` (replaced, `conversas_kid`), and both as `jwks`."""
        found: dict[str, Any] = self._control("GET", "/conversas/keys")
        return found

    def conversas_secrets(self) -> dict[str, Any]:
        """`access_token`, and as `keys` the private keys that anybody has asked for."""
        found: dict[str, Any] = self._control("GET", "/conversas/secrets")
        return found

    def conversas_truth(self, name: str, *, customer_id: str = "") -> list[Any]:
        """The records as served now, whatever page, plan and limit; wallets are texts.

        `messages` are those of all contacts that exist and are not `gone` (or of `customer_id`), each contact's newest
        first, in their original characters, with `customer_id`, `type`, `channel`, and `cut`: the content as it
        survives the low-byte cut, read as Latin-1, NUL characters included.
        """
        found: list[Any] = self._control("GET", f"/conversas/truth/{name}?customer_id={customer_id}")
        return found

    def conversas_ids(self, name: str) -> set[str]:
        """Their ids: titles of workflows, names of wallets, keys of whatsapp_official_integrations.

        `gone`, `old_key` and `spoiled` are the contacts that `conversas_gone`, `conversas_kid` and
        `conversas_malformed` treat apart; `campaigns_broken` and `campaigns_gone` are the campaigns
        of `conversas_campaign_broken`.
        """
        if name == "messages":
            raise ValueError("messages have no ids")
        return set(self._control("GET", f"/conversas/truth/{name}?ids=1"))

    def conversas_create(
        self, name: str, record: Mapping[str, Any] | None = None, *, count: int = 1, at: str | None = None
    ) -> list[Any]:
        """New customers, reports or campaigns, given fields over invented ones, created `at` (default: now)."""
        body = {"record": dict(record or {}), "count": count, **({} if at is None else {"at": at})}
        found: list[Any] = self._control("POST", f"/conversas/records/{name}", body)
        return found

    def conversas_edit(self, name: str, id_: str, /, **fields: Any) -> dict[str, Any]:
        """Change fields of a customer, report or campaign. The record after it."""
        found: dict[str, Any] = self._control("PATCH", f"/conversas/records/{name}/{id_}", fields)
        return found

    def conversas_close_report(self, id_: str) -> dict[str, Any]:
        """An attendance ends now. The record after it."""
        found: dict[str, Any] = self._control("POST", f"/conversas/reports/{id_}/close")
        return found

    def conversas_delete(self, name: str, id_: str) -> None:
        """Delete a customer (with its messages, not its reports) a report or a campaign."""
        self._control("DELETE", f"/conversas/records/{name}/{id_}")

    def conversas_add_messages(self, customer_id: str, *, count: int = 1, **fields: Any) -> list[Any]:
        """`count` equal messages: content, sent_by, type, channel, created_at…; the contact's `messages` after it."""
        body = {**fields, "customer_id": customer_id, "count": count}
        found: list[Any] = self._control("POST", "/conversas/messages", body)
        return found
