"""What a list request asks for beside filters: page, limit, order, direction, cursor; each checked.

Facts: crm-v1.md#paging.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from sys import maxsize

from ..settings import Settings
from .cursor import Cursor, parsed
from .errors import WrongParameterError
from .resources import Pages, Resource

__all__ = ["Order", "Place", "order_of", "place_of"]

_NUMBER = re.compile("[0-9]{1,9}")


@dataclass(frozen=True)
class Place:
    """Which rows of the selection: `limit` of them, `offset` behind the cursor or the beginning."""

    offset: int
    limit: int
    after: Cursor | None = None
    ignores_page: bool = False  # one page for ever (crm-v1.md#unknowns row 13)


@dataclass(frozen=True)
class Order:
    """`by` is empty in a list without order."""

    by: str
    descending: bool = False


def place_of(resource: Resource, query: Mapping[str, str], settings: Settings) -> Place:
    """Raises WrongParameterError."""
    pages = resource.pages
    if pages is None:
        return Place(0, maxsize)
    limit = _limit(pages, query, settings)
    if settings.v1_ignore_page and resource.name in ("teams", "deal_pipelines", "activities"):
        return Place(0, limit, ignores_page=True)
    text = query.get("next_page", "") if resource.name == "deals" else ""
    followed = text and settings.v1_next_page == "present"
    return Place((_positive(query.get("page", "1")) - 1) * limit, limit, parsed(text) if followed else None)


def order_of(resource: Resource, query: Mapping[str, str], settings: Settings) -> Order:
    """Raises WrongParameterError."""
    if not resource.orders:
        return Order("")
    by = query.get("order") or resource.orders[0]
    if resource.name == "deals" and by in ("updated_at", "name"):  # plausible, but not listed [guess]
        if settings.v1_deals_order == "500":
            raise WrongParameterError("order")
        by = by if settings.v1_deals_order == "honoured" else "created_at"
    elif by not in resource.orders:
        raise WrongParameterError("order")
    if not resource.direction:
        return Order(by)
    direction = query.get("direction") or resource.direction
    if direction not in ("asc", "desc"):
        raise WrongParameterError("direction")
    return Order(by, direction == "desc")


def _limit(pages: Pages, query: Mapping[str, str], settings: Settings) -> int:
    if not pages.takes_limit or "limit" not in query:
        return pages.default
    limit = _positive(query["limit"])
    if limit > pages.largest and settings.v1_limit_over == "500":
        raise WrongParameterError("limit")
    return min(limit, pages.largest)


def _positive(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) == 0:
        raise WrongParameterError("page or limit")
    return int(text)
