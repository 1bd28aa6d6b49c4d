"""What answers say: a list's rows and whether more follow, a refusal's words, RD Station's time. Pure.

`read_page` reads a list of API v2; the other APIs' lists are read into the same `Page` by their own clients. Tolerant
where docs/api lists variants, never silently empty: what cannot be read is a `BadAnswerError` that names keys and
types, not values. Facts: docs/api/crm-v2.md#basics, #listing, #small-lists and #errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import unquote

import orjson

from airbyte_rdstation.client.json_text import fault_of
from airbyte_rdstation.dates import FIRST_YEAR

__all__ = [
    "BadAnswerError",
    "More",
    "NoJsonError",
    "Page",
    "Row",
    "identity",
    "keys_of",
    "kind_of",
    "message_of",
    "parse_json",
    "read_page",
    "server_ahead",
    "shape_of",
]

Row = dict[str, Any]

_PLAIN_KEY: Final = re.compile(r"[A-Za-z_]{1,40}")
_PAGE_NUMBER: Final = re.compile(r"page\[number\]=(\d+)")
_OF_AN_ITEM: Final = ("detail", "error_message", "message", "title")
_OF_THE_BODY: Final = ("detail", "message", "error_description", "error")
_MOST_KEYS: Final = 20  # that a sentence names
_MOST_CHARACTERS: Final = 300  # of a refusal in no known form; it may be a page of HTML
_FARTHEST_AHEAD: Final = timedelta(days=1)


class BadAnswerError(Exception):
    """A 2xx answer that is not what the endpoint promises. Its text holds keys and types only."""


class NoJsonError(BadAnswerError):
    """A body that a strict parser refuses; a lenient one may still read it (`json_text.mended`)."""


class More(Enum):
    """Whether another page follows, as far as an answer tells."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    """The answer carries no `links` at all, or a hint that is not believed."""

    @classmethod
    def of(cls, follows: bool) -> More:
        """Return YES or NO, for what is known for sure."""
        return cls.YES if follows else cls.NO


@dataclass(frozen=True)
class Page:
    """One page of a list."""

    rows: list[Row]
    has_next: More
    last: int | None = None
    """The number of the last page, as far as `links.last` tells (past the wall it may stop at 10,000 rows)."""
    total: int | None = None
    """How many rows the list has, where the answer says so (API v1), rows beyond the wall included [seen]."""
    cursor: str | None = None
    """What names the rows after these (`next_page` of API v1's deals)."""


def read_page(content: bytes, *, id_field: str = "id", single: bool = False) -> Page:
    """Parse `{"data": [{"id": "…", …}, …], "links": {"next": "…"}}` into rows, each with an `id`, and what follows.

    The `id` may be called `id_field`. `single` accepts one object in the place of the list: the published samples of
    /custom_fields are swapped [doc]. Raises BadAnswerError where the body has another shape.
    """
    body = parse_json(content)
    if not isinstance(body, dict):
        raise BadAnswerError(f"the body is a JSON {kind_of(body)} where an object is expected")
    if "data" not in body:
        raise BadAnswerError(f"there is no `data`, {shape_of(body)}")
    data = body["data"]
    if single and isinstance(data, dict):
        data = [data]
    if not isinstance(data, list):
        raise BadAnswerError(f"`data` is a JSON {kind_of(data)} where a list is expected")
    for row in data:
        if not isinstance(row, dict):
            raise BadAnswerError(f"a record is a JSON {kind_of(row)} where an object is expected")
        found = row["id"] if "id" in row else row.get(id_field)
        row["id"] = found if type(found) is str and found else identity(found, id_field, row)
    links = body.get("links")
    if not isinstance(links, dict):
        return Page(data, More.UNKNOWN if links is None else More.NO)  # `links: []` is seen on last pages
    # Only the number is taken: the address carries the gateway's internal prefix and leads nowhere [seen].
    last = _PAGE_NUMBER.search(unquote(str(links.get("last"))))
    follows = bool(links.get("next"))  # on last pages `links: {}` and `next: null` are seen
    return Page(data, More.YES if follows else More.NO, int(last[1]) if last else None)


def identity(value: object, name: str, row: Row) -> str:
    """Return the id of a row as a text; BadAnswerError where it has none that tells it from others."""
    if not value:
        raise BadAnswerError(f"a record has no `{name}`, only {keys_of(row)}")
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return str(value)
    raise BadAnswerError(f"the `{name}` of a record is a JSON {kind_of(value)}")


def parse_json(content: bytes) -> Any:
    """Parse a body; NoJsonError if a strict parser refuses it."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        raise NoJsonError(fault_of(content)) from None


def shape_of(body: object) -> str:
    """Say what a body is where something else is expected: `only the keys ['ok'] and 2 others`, or `a JSON list`."""
    return f"only {keys_of(body)}" if isinstance(body, dict) else f"a JSON {kind_of(body)}"


def keys_of(body: dict[str, Any]) -> str:
    """Name the keys of an object, for sentences; those that may be data (an address, a name) are only counted."""
    plain = sorted(key for key in body if _PLAIN_KEY.fullmatch(key))[:_MOST_KEYS]
    others = len(body) - len(plain)
    return f"the keys {plain}" + (f" and {others} others" if others else "")


def kind_of(value: object) -> str:
    """Name the JSON type of a value, for sentences that must not show it."""
    if value is None:
        return "null"
    return {dict: "object", list: "list", str: "string", bool: "boolean"}.get(type(value), "number")


def server_ahead(date: str, now: datetime) -> timedelta | None:
    """Return how far RD Station's clock, by a `Date` header, is ahead of ours at `now`; None where it cannot tell.

    A clock far ahead is not believed: a moment too early only has records read again, one too late may hide some.
    """
    try:
        moment = parsedate_to_datetime(date)
        ahead = moment - now
    except (IndexError, OverflowError, TypeError, ValueError):
        return None
    return ahead if moment.year >= FIRST_YEAR and ahead <= _FARTHEST_AHEAD else None


def message_of(content: bytes) -> str:
    """Return what RD Station says when it refuses a write: `{"errors": [{"detail": "…"}, …]}` and many other forms.

    Its parts are joined by a semicolon; in no known form it is the beginning of the body. It may quote values of the
    row that is refused: it belongs into a file of the user's, never into a log line or an error.
    """
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError:
        body = None
    found = list(dict.fromkeys(_messages(body))) if isinstance(body, dict) else []
    return "; ".join(found) or content.decode("utf-8", "replace")[:_MOST_CHARACTERS].strip()


def _messages(body: dict[str, Any]) -> Iterator[str]:
    errors = body.get("errors")
    for item in errors if isinstance(errors, list) else [errors]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            yield from _of_item(item)
    if not errors:
        yield from _first_text(body, _OF_THE_BODY)


def _of_item(item: dict[str, Any]) -> Iterator[str]:
    known = list(_first_text(item, _OF_AN_ITEM))
    if known:
        yield from known
        return
    for name, value in item.items():  # {"name": ["Valor já existente."]}
        texts = value if isinstance(value, list) else [value]
        yield from (f"{name}: {text}" for text in texts if isinstance(text, str))


def _first_text(body: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        if isinstance(body.get(name), str) and body[name].strip():
            yield body[name].strip()
            return
