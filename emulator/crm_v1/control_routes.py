"""Control routes of CRM v1: its token, and the truth in its form. Records are changed on the account's own lists."""

from __future__ import annotations

from typing import Any

import orjson

from ..control import Handlers
from ..data.collection import Collection
from ..data.row import Row
from .resources import BY_NAME, DEAL_CONTACTS, Resource
from .routes import CrmV1

__all__ = ["ControlRoutes"]


class ControlRoutes:
    """Lists go by their names in v1; `deal_details` are the deals' single records, `deal_contacts` those of each."""

    def __init__(self, api: CrmV1) -> None:
        self._api = api

    def handlers(self) -> Handlers:
        """(method, path) -> function."""
        return {
            ("GET", "/v1/truth/{name}"): self.truth,
            ("GET", "/v1/token"): lambda _body, _query: {"token": self._api.token},
        }

    def credentials(self) -> dict[str, Any]:
        """As the source's configuration names them."""
        return {"api_version": "v1", "access_token": self._api.token}

    def truth(self, _body: object, query: dict[str, str], name: str) -> Any:
        """Records as served now, walls and pages apart; stages by pipeline id, `deal_contacts` by deal id."""
        if name == "deal_contacts":
            deals = self._seen("deals", self._api.account.lists["deals"], query)
            return {deal.id: self._shown(DEAL_CONTACTS, self._api.contacts_of(deal), query) for deal in deals}
        single = name == "deal_details"
        resource = BY_NAME["deals" if single else name]
        if name == "deal_stages":
            pipelines = self._api.account.lists["pipelines"].rows
            return {id_: self._shown(resource, self._api.listed(resource, id_), query) for id_ in pipelines}
        return self._shown(resource, self._api.listed(resource, None), query, single=single)

    def _shown(self, resource: Resource, rows: Collection, query: dict[str, str], *, single: bool = False) -> list[Any]:
        found = self._seen(resource.rows, rows, query)
        if query.get("ids"):
            return [row.id for row in found]
        return [orjson.Fragment(self._record(resource, row, single=single)) for row in found]

    def _seen(self, name: str, rows: Collection, query: dict[str, str]) -> list[Row]:
        sees = self._api.visibility.sees
        return [row for row in rows.rows.values() if not query.get("visible") or sees(name, row)]

    def _record(self, resource: Resource, row: Row, *, single: bool) -> bytes:
        return self._api.renderer.single(resource, row) if single else self._api.renderer.wire(resource, row)
