"""API v1's answers: lists in an object or bare, records without an envelope, each row with `id` and `_id`. Pure.

Facts: docs/api/crm-v1.md#paging and #identity.
"""

from __future__ import annotations

from typing import Any

from rdstation.envelope import BadAnswerError, Page, Row, identity, keys_of, kind_of, parse_json

__all__ = ["read_account", "read_list", "read_record"]


def read_list(content: bytes, *, rows_key: str, limit: int | None) -> Page:
    """A page of a list; `limit` is how many rows were asked for, None where the answer is the whole list.

    Only `has_more: false` is believed: a list that ignores `page` may say true for ever.
    """
    body = parse_json(content)
    envelope: dict[str, Any] = body if isinstance(body, dict) else {}
    rows = envelope.get(rows_key) if isinstance(body, dict) else body
    if not isinstance(rows, list):
        what = f"only {keys_of(envelope)}" if envelope else f"a JSON {kind_of(body)}"
        raise BadAnswerError(f"there is no list `{rows_key}`, {what}")
    has_more = envelope.get("has_more")
    ends = limit is None or has_more is False or (has_more is None and len(rows) < limit)
    total, cursor = envelope.get("total"), envelope.get("next_page")
    return Page(
        rows=[_identified(row) for row in rows],
        has_next=False if ends else None,
        total=total if isinstance(total, int) else None,
        cursor=cursor if isinstance(cursor, str) else None,
    )


def read_record(content: bytes) -> Row:
    """A single record."""
    return _identified(parse_json(content))


def read_account(content: bytes) -> Row:
    """What /token/check tells of the token's user."""
    body = parse_json(content)
    if not isinstance(body, dict):
        raise BadAnswerError(f"the body is a JSON {kind_of(body)} where an object is expected")
    return body


def _identified(row: Any) -> Row:
    if not isinstance(row, dict):
        raise BadAnswerError(f"a record is a JSON {kind_of(row)} where an object is expected")
    found = row.get("_id") or row.get("id")
    if not found:
        raise BadAnswerError(f"a record has neither `_id` nor `id`, only {keys_of(row)}")
    row["_id"], row["id"] = identity(row.get("_id") or found, "_id", row), identity(row.get("id") or found, "id", row)
    return row
