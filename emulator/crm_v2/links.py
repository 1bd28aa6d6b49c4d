"""`links` of a list page: first, prev, self, next, last as strings that repeat filter, sort and page.

Facts: crm-v2.md#listing.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from ..settings import Settings

__all__ = ["Place", "links"]


class Place:
    """Where a page lies in its list: number and size, rows in all, and the row where the list is cut (0: nowhere).

    `cut_off` is a page beyond the wall that is served empty: it names no next one.
    """

    def __init__(self, number: int, size: int, total: int, wall: int) -> None:
        self.number, self.size, self.total, self.wall = number, size, total, wall
        self.cut_off = False

    def last(self, settings: Settings) -> int:
        """The number that `links.last` names; past the wall it may stop there."""
        pages = max(1, -(-self.total // self.size))
        if self.wall and settings.last_links == "capped":
            pages = min(pages, max(1, self.wall // self.size))
        return pages


def links(base: str, path: str, query: Mapping[str, str], place: Place, settings: Settings) -> object | None:
    """The value of `links`; None when the answer is to have none."""
    if settings.links_absent:
        return None
    last = place.last(settings)
    more = place.number < last and not place.cut_off
    if not more and settings.last_page in ("empty_list", "empty_object", "no_links"):
        # Besides a missing `next`, clients must accept these on the last page (crm-v2.md#listing).
        return {"empty_list": [], "empty_object": {}, "no_links": None}[settings.last_page]
    rest = {name: value for name, value in query.items() if name not in ("page[number]", "page[size]")}
    size = urlencode({"page[size]": place.size})
    root = f"{base}{settings.links_prefix}{path}?" + "".join(f"{pair}&" for pair in [urlencode(rest)] if pair)

    def page(number: int) -> str:
        return f"{root}page%5Bnumber%5D={number}&{size}"

    named: dict[str, str | None] = {"first": page(1), "self": page(place.number)}
    if place.number > 1:
        named["prev"] = page(place.number - 1)
    if more:
        named["next"] = page(place.number + 1)
    elif settings.last_page == "null":
        named["next"] = None
    if settings.last_links != "absent":
        named["last"] = page(last)
    return named
