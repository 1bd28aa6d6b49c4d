"""An account over API v2, as questions see it: pages as they come, and samples that several questions look at."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from airbyte_rdstation.probe.caller import Answer, Caller, CannotTellError, plain_keys

__all__ = ["LISTS", "AccountV2", "Row", "at_least", "error_shape"]

Row = dict[str, Any]

LISTS: Final = ("contacts", "deals", "organizations")
_PAGE: Final = 200


class AccountV2:
    """Reads one account; `tokens` reaches its token endpoint without the connection's own token."""

    def __init__(self, caller: Caller, tokens: Caller, credentials: Mapping[str, str]) -> None:
        self.caller = caller
        self.tokens = tokens
        self.credentials = credentials

    def page(
        self,
        path: str,
        *,
        size: int | None = _PAGE,
        number: int = 1,
        sort: str = "",
        order: str = "asc",
        condition: str = "",
    ) -> Answer:
        """One page of a list, or of what a filter finds in it."""
        params = {"page[number]": str(number)}
        if size:
            params["page[size]"] = str(size)
        if sort:
            params[f"sort[{sort}]"] = order
        if condition:
            params["filter"] = condition
        return self.caller.get(f"/crm/v2/{path}", params)

    def sample(self, path: str) -> list[Row]:
        """The first page of deals, contacts or organizations, the oldest first."""
        if path not in self._samples:
            self._samples[path] = self.page(path, sort="created_at").rows()
        return self._samples[path]

    def filtered(self, path: str, condition: str) -> Answer:
        """The first page of what a filter finds, the oldest first."""
        return self.page(path, sort="created_at", condition=condition)

    @cached_property
    def custom_fields(self) -> list[Row]:
        """The account's custom fields."""
        answer = self.page("custom_fields", size=_PAGE)
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        return [data] if isinstance(data, dict) else answer.rows()

    @cached_property
    def _samples(self) -> dict[str, list[Row]]:
        return {}


def at_least(rows: list[Row], count: int, what: str) -> list[Row]:
    """The rows; CannotTellError where there are fewer."""
    if len(rows) < count:
        raise CannotTellError(f"the account has fewer than {count} {what}")
    return rows


def error_shape(answer: Answer) -> str:
    """Where the text of an error stands, in the words of the emulator's `error_shape`."""
    body = answer.body
    if answer.form != "JSON":
        return answer.form.lower()
    if isinstance(body, dict) and isinstance(body.get("errors"), list) and body["errors"]:
        item = body["errors"][0]
        return _first_of(item, "detail", "error_message", "message", "title") if isinstance(item, dict) else "texts"
    if isinstance(body, dict):
        place = _first_of(body, "detail", "message", "error", "errors")
        return "top_detail" if place == "detail" else place
    return "another JSON"


def _first_of(body: Row, *names: str) -> str:
    found = [name for name in names if name in body]
    return found[0] if found else f"keys {plain_keys(body)}"
