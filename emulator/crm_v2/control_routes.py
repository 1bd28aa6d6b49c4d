"""Control routes about records and tokens of CRM v2: truth, create, edit, delete, bulk edit, OAuth."""

from __future__ import annotations

from typing import Any

import orjson

from ..clock import Clock, instant_text, parse_instant
from ..control import Handlers
from ..data.changes import Changes
from ..data.collection import Collection
from ..data.row import Fields, Row
from ..settings import Settings
from .defaults import blank_record
from .oauth import TokenService
from .render import wire
from .resources import BY_NAME, Resource

__all__ = ["ControlRoutes"]


class ControlRoutes:
    """Routes for the control plane; lists below a record: `deal_notes`, `deal_products`, `deal_files`, `stages`."""

    def __init__(self, changes: Changes, tokens: TokenService, clock: Clock, settings: Settings) -> None:
        self._changes = changes
        self._account = changes.account
        self._tokens = tokens
        self._clock = clock
        self._settings = settings

    def handlers(self) -> Handlers:
        """(method, path) -> function."""
        return {
            ("GET", "/truth/{name}"): self.truth,
            ("POST", "/records/{name}"): self.create,
            ("PATCH", "/records/{name}/{id_}"): self.edit,
            ("DELETE", "/records/{name}/{id_}"): self.delete,
            ("POST", "/bulk_edit"): self.bulk_edit,
            ("GET", "/oauth"): lambda _body, _query: self.oauth(),
            ("POST", "/oauth/expire"): lambda _body, _query: self._tokens.expire_access(),
            ("POST", "/oauth/revoke"): lambda _body, _query: self._tokens.revoke_refresh(),
            ("POST", "/oauth/issue"): lambda _body, _query: self._reissue(),
            ("POST", "/oauth/code"): lambda _body, _query: {"code": self._tokens.issue_code()},
        }

    def truth(self, _body: object, query: dict[str, str], name: str) -> Any:
        """Records as the API would serve them now; of a child list, by parent id."""
        resource = BY_NAME[name]
        if name in self._account.lists:
            return self._shown(resource, self._account.lists[name], query)
        children = self._account.children[name]
        parents = self._account.lists[self._account.parents[name]].rows.values()
        return {
            parent.id: self._shown(resource, children.of(parent), query)
            for parent in parents
            if children.any_of(parent)
        }

    def create(self, body: dict[str, Any], _query: object, name: str) -> dict[str, Any]:
        """One row from `record`, or `count` invented rows at the instant `at`; `parent` for child lists."""
        resource, parent = BY_NAME[name], str(body.get("parent", ""))
        if "record" in body:
            made = [self._entered(resource, dict(body["record"]), parent)]
        else:
            at = parse_instant(body["at"]) if "at" in body else self._clock.now()
            made = []
            for _ in range(int(body.get("count", 1))):
                fields = blank_record(name) | self._account.generated_fields(name, at, at)
                made.append(self._changes.create(name, self._account.new_row(name, fields, at, at, parent)))
        return {"ids": [row.id for row in made], "data": [self._wire(resource, row) for row in made]}

    def edit(self, body: dict[str, Any], _query: object, name: str, id_: str) -> dict[str, Any]:
        """Set the given fields; `updated_at` is now unless given."""
        resource, row = BY_NAME[name], self._row(name, id_)
        fields, times = self._split(resource, body)
        self._changes.edit(name, row, fields or None, **times)
        return {"data": self._wire(resource, row)}

    def delete(self, _body: object, _query: object, name: str, id_: str) -> None:
        """Remove a row, and what goes with it."""
        self._changes.delete(name, self._row(name, id_))

    def bulk_edit(self, body: dict[str, Any], _query: object) -> dict[str, Any]:
        """Edit rows (`ids`, or `count` from the oldest on) at one instant `at`; `spread` draws them over its second."""
        rows = self._account.lists[body["list"]].rows
        ids = body.get("ids") or list(rows)[: int(body["count"])]
        at = parse_instant(body["at"]) if "at" in body else self._clock.now()
        for number, id_ in enumerate(ids):
            offset = number * 1000 // len(ids) if body.get("spread") else 0
            self._changes.edit(body["list"], rows[id_], updated=at + offset)
        return {"ids": ids, "at": instant_text(at)}

    def oauth(self) -> dict[str, Any]:
        """Tokens alive, every refresh so far, and credentials as the source's configuration names them."""
        found = self._tokens.credentials()
        expires = found.pop("expires_at", None)
        if expires is not None:
            found["token_expiry_date"] = instant_text(expires)
        return {**self._tokens.report(), "credentials": {"api_version": "v2", **found}}

    def _reissue(self) -> dict[str, Any]:
        """A new pair of tokens, as if the user had authorized again."""
        self._tokens.issue()
        return self.oauth()

    def _entered(self, resource: Resource, record: dict[str, Any], parent: str) -> Row:
        """Given fields over invented ones; created and updated are now unless given, null stays null."""
        now = self._clock.now()
        fields, times = self._split(resource, record)
        created = times.get("created", now)
        updated = times.get("updated", created)
        base = blank_record(resource.name) | self._account.generated_fields(resource.name, created, updated)
        return self._changes.create(
            resource.name, self._account.new_row(resource.name, base | fields, created, updated, parent)
        )

    def _split(self, resource: Resource, record: dict[str, Any]) -> tuple[Fields, dict[str, int | None]]:
        """(fields as kept, created/updated as instants) of a record in the API's form."""
        keys = {resource.created_key: "created", "updated_at": "updated"}

        def moment(value: str | None) -> int | None:
            return None if value in (None, "") else parse_instant(str(value))

        fields = {
            key: moment(value) if key in resource.instants else value
            for key, value in record.items()
            if key not in keys
        }
        return fields, {keys[key]: moment(value) for key, value in record.items() if key in keys}

    def _row(self, name: str, id_: str) -> Row:
        if name in self._account.lists:
            return self._account.lists[name].rows[id_]
        found = [rows.rows[id_] for rows in self._account.children[name].made() if id_ in rows.rows]
        if not found:
            raise KeyError(id_)
        return found[0]

    def _shown(self, resource: Resource, rows: Collection, query: dict[str, str]) -> list[Any]:
        if query.get("ids"):
            return list(rows.rows)
        return [self._wire(resource, row) for row in rows.rows.values()]

    def _wire(self, resource: Resource, row: Row) -> orjson.Fragment:
        return orjson.Fragment(wire(self._account, resource, row, self._settings))
