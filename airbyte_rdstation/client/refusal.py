"""What RD Station says when it refuses a write, out of the many forms in which it says it. Pure.

The text may quote values of the row that it refuses: it belongs into a file of the user's, never into a log line or an
error. Facts: docs/api/crm-v2.md#errors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import orjson

__all__ = ["message_of"]

_OF_AN_ITEM: Final = ("detail", "error_message", "message", "title")
_OF_THE_BODY: Final = ("detail", "message", "error_description", "error")
_MOST_CHARACTERS: Final = 300  # of a body in no known form; it may be a page of HTML


def message_of(content: bytes) -> str:
    """The message, its parts joined by a semicolon; the beginning of the body where it has no known form."""
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
