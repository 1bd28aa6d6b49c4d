"""Control routes of the account: configuration, keys, truth, and changes of contacts, messages and reports."""

from __future__ import annotations

from typing import Any

import orjson

from ..clock import Clock, parse_instant
from ..control import Handlers
from ..conversas_data.talks import Message
from ..conversas_data.texts import said
from ..data.row import Row
from ..rng import rng
from ..settings import Settings
from .forms import record, record_id
from .routes import Conversas

__all__ = ["ControlRoutes"]

CHANGED = ("customers", "reports", "campaigns")
START_DATE = "2024-01-01"  # before everything


class ControlRoutes:
    """Lists go by the names of the connector's streams."""

    def __init__(self, api: Conversas, clock: Clock, settings: Settings) -> None:
        self._api = api
        self._clock = clock
        self._settings = settings
        self._dice = rng("texts of new messages")

    def handlers(self) -> Handlers:
        """(method, path) -> function."""
        return {
            ("GET", "/conversas/config"): self.config,
            ("GET", "/conversas/keys"): self.keys,
            ("GET", "/conversas/secrets"): self.secrets,
            ("GET", "/conversas/truth/{name}"): self.truth,
            ("POST", "/conversas/messages"): self.add_messages,
            ("POST", "/conversas/reports/{id_}/close"): self.close,
            ("POST", "/conversas/records/{name}"): self.create,
            ("PATCH", "/conversas/records/{name}/{id_}"): self.edit,
            ("DELETE", "/conversas/records/{name}/{id_}"): self.delete,
        }

    def config(self, _body: object, _query: object) -> dict[str, Any]:
        """As the source's configuration names them; the key is a text there."""
        key = orjson.dumps(self._api.keys.current).decode()
        return {"access_token": self._api.token, "start_date": START_DATE, "private_key_jwk": key}

    def secrets(self, _body: object, _query: object) -> dict[str, Any]:
        """The token, and the private keys that exist by now."""
        return {"access_token": self._api.token, "keys": self._api.keys.made}

    def keys(self, _body: object, _query: object) -> dict[str, Any]:
        """Both private keys, one by one and as a JWKS."""
        current, old = self._api.keys.current, self._api.keys.old
        return {"current": current, "old": old, "jwks": {"keys": [current, old]}}

    def truth(self, _body: object, query: dict[str, str], name: str) -> Any:
        """Records as served now, or their ids; `messages` of all contacts or one; `gone` and the like: contacts.

        `campaign_details` are whole campaigns, `campaigns_broken` and `campaigns_gone` the ids that a switch marks.
        """
        if name.startswith("campaign"):
            return self._campaigns(query, name)
        rows = self._api.account.lists["customers" if name in (*self._shares(), "messages") else name].rows
        if name in self._shares():
            return [row.id for row in rows.values() if self._shares()[name](row)]
        if name == "messages":
            gone, one = self._api.history.gone(), query.get("customer_id")
            chosen = [rows[one]] if one else [row for row in rows.values() if row.id not in gone]
            return [message for row in chosen for message in self._api.history.truth(row)]
        if query.get("ids"):
            return [record_id(name, row, self._settings) for row in rows.values()]
        return [record(name, row, self._settings) for row in rows.values()]

    def create(self, body: dict[str, Any], _query: object, name: str) -> list[Any]:
        """`count` rows: the fields of `record` over invented ones, made at the instant `at`."""
        self._check(name)
        at = parse_instant(body["at"]) if "at" in body else self._clock.now()
        made = [self._api.account.create(name, dict(body.get("record", {})), at) for _ in range(body.get("count", 1))]
        return [record(name, row, self._settings) for row in made]

    def edit(self, body: dict[str, Any], _query: object, name: str, id_: str) -> Any:
        """Set the given fields; the record after it."""
        row = self._row(name, id_)
        self._api.account.lists[name].change(row, body, updated=self._clock.now())
        return record(name, row, self._settings)

    def close(self, _body: object, _query: object, id_: str) -> Any:
        """End an attendance now."""
        row = self._row("reports", id_)
        self._api.reports.close(row)
        return record("reports", row, self._settings)

    def delete(self, _body: object, _query: object, name: str, id_: str) -> None:
        """Remove a row; a contact's messages go with it, its reports stay."""
        self._api.account.lists[name].remove(self._row(name, id_))

    def add_messages(self, body: dict[str, Any], _query: object) -> list[Any]:
        """`count` equal messages of a contact: a customer's WhatsApp text of now, unless told otherwise."""
        customer = self._row("customers", body["customer_id"])
        message = Message(
            created=parse_instant(body["created_at"]) if "created_at" in body else self._clock.now(),
            sent_by=body.get("sent_by", "customer"),
            content=body["content"] if "content" in body else said(self._dice),
            type=body.get("type", "text"),
            channel=body.get("channel", "whatsapp"),
            status=body.get("status", "success"),
            is_reply=body.get("is_reply", False),
            is_template=body.get("is_template_message", False),
        )
        for _ in range(body.get("count", 1)):
            self._api.account.talks.add(customer, message)
        return self._api.history.truth(customer)

    def _campaigns(self, query: dict[str, str], name: str) -> list[Any]:
        api = self._api.campaigns
        marked = {"campaigns_broken": api.broken, "campaigns_gone": api.gone}
        if name in marked:
            return [id_] if (id_ := marked[name]()) else []
        rows = self._api.account.lists["campaigns"].rows.values()
        if query.get("ids"):
            return [row.id for row in rows]
        return [api.record(row) if name == "campaign_details" else api.listed(row) for row in rows]

    def _shares(self) -> dict[str, Any]:
        """The contacts that a switch treats apart, now."""
        history = self._api.history
        return {
            "gone": lambda row: row.id in history.gone(),
            "old_key": history.for_old_key,
            "spoiled": history.spoiled,
        }

    def _check(self, name: str) -> None:
        if name not in CHANGED:
            raise KeyError(f"only these lists change: {', '.join(CHANGED)}")

    def _row(self, name: str, id_: str) -> Row:
        self._check(name)
        return self._api.account.lists[name].rows[id_]
