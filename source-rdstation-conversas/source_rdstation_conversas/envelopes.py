"""Where an answer holds its list, and where a history page holds its ciphertext. Pure.

Tolerant, as few envelopes are known for sure; never silently empty: what cannot be read is a `BadAnswerError` that
names top-level keys and types only. Facts: docs/api/conversas.md#envelopes and #message-history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from airbyte_rdstation.client.responses import BadAnswerError, kind_of, parse_json
from source_rdstation_conversas.jwe.compact_jwe import looks_like_jwe

__all__ = ["HistoryPage", "extract", "list_in", "read_history"]

_LIST_KEYS: Final = ("data", "docs", "items", "results")
_HISTORY_KEYS: Final = ("messages", "data", "payload", "encrypted", "result")
_ERROR_KEYS: Final = ("error", "errors")  # an error's list is no list of records
_RECORD_KEYS: Final = ("_id", "id")  # nor is the one list in a record (of tags, say) that comes in place of a list
_LONGEST_KEY, _MOST_KEYS = 40, 20  # what an error names


@dataclass(frozen=True)
class HistoryPage:
    """One page of a contact's history: ciphertext, or messages that came plain (`jwe` is None)."""

    jwe: str | None = None
    plain: tuple[Any, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there; a ciphertext may still hold an empty list."""
        return self.jwe is None and not self.plain


def extract(content: bytes, resource_key: str) -> list[Any]:
    """The list in the body of an answer, which may lie under `resource_key`; BadAnswerError if there is none."""
    return list_in(parse_json(content), resource_key)


def list_in(body: object, resource_key: str) -> list[Any]:
    """The list itself, or under the known keys, or the only one there is, one level down at most."""
    found = _list_in(body, (resource_key, *_LIST_KEYS))
    if found is None:
        raise BadAnswerError(f"there is no list of {resource_key} here: {_named(body)}")
    if found and all(isinstance(item, list) for item in found):  # nested twice [seen]
        return [item for inner in found for item in inner]
    return found


def read_history(content: bytes) -> HistoryPage:
    """The ciphertext or the messages of a history page. No `messages`, null, `""` and `[]` are all an empty page."""
    text = content.decode("utf-8", "replace").strip()
    if looks_like_jwe(text):
        return HistoryPage(jwe=text)
    body = parse_json(content)
    page = _page_in(body)
    if page is None and isinstance(body, dict):
        page = _page_under_any_key(body)
    if page is None:
        raise BadAnswerError(f"this is no page of messages: {_named(body)}")
    return page


def _list_in(body: object, keys: tuple[str, ...], levels: int = 1) -> list[Any] | None:
    if isinstance(body, list):
        return body
    if not isinstance(body, dict):
        return None
    members = {key: value for key, value in body.items() if key not in _ERROR_KEYS}
    for key in keys:
        found = _member_list(members.get(key), keys, levels)
        if found is not None:
            return found
    if any(key in members for key in _RECORD_KEYS):
        return None
    lists = [value for value in members.values() if isinstance(value, list)]
    if not lists:
        nested = [_member_list(value, keys, levels) for value in members.values()]
        lists = [found for found in nested if found is not None]
    return lists[0] if len(lists) == 1 else None


def _member_list(value: object, keys: tuple[str, ...], levels: int) -> list[Any] | None:
    if isinstance(value, list):
        return value
    return _list_in(value, keys, levels - 1) if levels and isinstance(value, dict) else None


def _page_in(value: object) -> HistoryPage | None:
    """The page that a value is; None if it is none."""
    if value is None or value == "" or value == []:
        return HistoryPage()
    if isinstance(value, str):
        return HistoryPage(jwe=value.strip()) if looks_like_jwe(value) else None
    return HistoryPage(plain=tuple(value)) if isinstance(value, list) else None


def _page_under_any_key(body: Mapping[str, Any]) -> HistoryPage | None:
    if any(body.get(key) for key in _ERROR_KEYS):
        return None
    named = [body[key] for key in _HISTORY_KEYS if key in body]
    others = [value for key, value in body.items() if key not in _HISTORY_KEYS and looks_like_jwe(value)]
    inner = [value[key] for value in named if isinstance(value, dict) for key in _HISTORY_KEYS if key in value]
    pages = [_page_in(value) for value in (*named, *inner, *others)]
    full = [page for page in pages if page and not page.is_empty]
    if full:
        return full[0]
    if any(pages):
        return HistoryPage()
    # No `messages` is the end [seen]; what else could hold messages is not.
    return None if named or any(isinstance(value, (dict, list)) and value for value in body.values()) else HistoryPage()


def _named(body: object) -> str:
    """The type of a body and, of an object, the keys; without those that look like data."""
    if not isinstance(body, dict):
        return f"a JSON {kind_of(body)}"
    keys = sorted(key for key in body if key.isidentifier() and len(key) <= _LONGEST_KEY)[:_MOST_KEYS]
    return f"only the keys {keys}" + (f" and {len(body) - len(keys)} more" if len(body) > len(keys) else "")
