"""`next_page`, the place behind a row: its sort value and id, as `i-1726778672521,s-66ec8d30f2f11000139ab5ff`.

Facts: crm-v1.md#paging.
"""

from __future__ import annotations

import re
from typing import Any

from .errors import bad_cursor

__all__ = ["Cursor", "parsed", "written"]

Cursor = tuple[Any, str]
"""(sort value, id)."""
_CURSOR = re.compile(r"(?P<kind>[is])-(?P<value>.*),s-(?P<id>[0-9a-f]+)", re.DOTALL)


def written(cursor: Cursor) -> str:
    """As the API writes it; that `s-` also marks a text in front is a guess."""
    value, id_ = cursor
    return f"{'i' if isinstance(value, int) else 's'}-{value},s-{id_}"


def parsed(text: str) -> Cursor:
    """The place that a text names, as `written` wrote it; raises Refusal."""
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise bad_cursor()
    return (int(match["value"]) if match["kind"] == "i" else match["value"]), match["id"]
