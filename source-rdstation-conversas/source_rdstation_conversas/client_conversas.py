"""Asks for the lists of Conversas, and reads where their answers say that they end.

Facts: docs/api/conversas.md#basics to #reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import STATUSES, Statuses, final
from airbyte_rdstation.client.responses import More, Page, Row, parse_json
from airbyte_rdstation.pagination.listing import Query
from source_rdstation_conversas.envelopes import list_in
from source_rdstation_conversas.records import row_of
from source_rdstation_conversas.table import StreamSpec

__all__ = ["STATUSES_CONVERSAS", "ConversasList"]

_PLAN: Final = (
    "The account's RD Station Conversas plan does not include this data, or the token's user may not see it ({status})."
    " Upgrade the plan, grant the permission, or deselect the stream."
)

STATUSES_CONVERSAS: Final[Statuses] = {
    **STATUSES,
    401: final(
        FailureType.config_error,
        "RD Station Conversas does not accept the token (401): it is mistyped, cut off or was replaced. Copy it again, "
        "whole, in RD Station Conversas under Apps e Integrações > API.",
    ),
    402: final(FailureType.config_error, _PLAN.format(status=402)),
    403: final(FailureType.config_error, _PLAN.format(status=403)),
    404: final(  # plain text `Not Found`: no such route [seen]
        FailureType.config_error,
        "RD Station Conversas knows no such address (404). Check the API base URL; leave it empty for RD Station "
        "itself.",
    ),
}


_CONTACTS_LIMIT: Final = 100  # the vendor's tool asks for no more [seen]
_REPORTS_LIMIT: Final = 49  # 50 and more are refused [seen]


@dataclass(frozen=True)
class _Answer:
    rows: list[Row]
    counts: Mapping[str, Any]


@dataclass(frozen=True)
class ConversasList:
    """A list as one stream reads it."""

    api: Api
    stream: str
    """Who reads it, for errors."""
    spec: StreamSpec
    only: Mapping[str, str] = field(default_factory=dict)
    """Further parameters that filter it."""
    on_request: Callable[[], None] = lambda: None
    """Called before each request."""

    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""
        spec = self.spec
        params = dict(self.only)
        if spec.paging != "none":
            limit = _CONTACTS_LIMIT if spec.paging == "contacts" else _REPORTS_LIMIT
            params |= {"page": str(query.page), "limit": str(limit)}
        headers: dict[str, str] = {}
        answer = self.api.get(
            spec.path,
            params,
            partial(_read, spec),
            stream=self.stream,
            hint=f" The parameters were {', '.join(sorted(params))}." if params else "",
            on_request=self.on_request,
            on_headers=lambda found: headers.update({name.lower(): value for name, value in found.items()}),
        )
        if spec.paging == "none":
            return Page(answer.rows, has_next=More.NO)
        if spec.paging == "contacts":
            pages, total = _number(headers.get("x-pages")), _number(headers.get("x-total"))
        else:
            pages, total = _number(answer.counts.get("pages")), _number(answer.counts.get("total"))
        # Only the end is believed: a list that ignores `page` would promise a next one for ever. And no page is the
        # last one while it says so, but fewer records were counted than there are (`sweep` compares with the total).
        ends = pages is not None and query.page >= pages
        return Page(answer.rows, has_next=More.NO if ends else More.UNKNOWN, total=total)


def _read(spec: StreamSpec, content: bytes) -> _Answer:
    body = parse_json(content)
    items = list_in(body, spec.rows_key)
    return _Answer([row_of(spec.name, item, place) for place, item in enumerate(items)], _counts(body))


def _counts(body: object) -> Mapping[str, Any]:
    """The object that holds the list's `pages`: the body, or what it wraps."""
    if not isinstance(body, dict):
        return {}
    holders = [body, *(value for value in body.values() if isinstance(value, dict))]
    return next((holder for holder in holders if "pages" in holder or "total" in holder), {})


def _number(value: object) -> int | None:
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() else None
