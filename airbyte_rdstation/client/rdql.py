"""RDQL: builds the `filter` text of CRM API v2. Pure: standard library only, no HTTP, no clock.

Every literal leaves through `quote`. Facts: docs/api/crm-v2.md#rdql.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Final

__all__ = ["all_of", "any_of", "at_least", "before", "contains", "one_of", "outline", "quote"]

_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def quote(text: str) -> str:
    r"""Write a string literal: in double quotes, with `\` and `"` escaped (the vendor's own tool does so [guess])."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def at_least(field: str, moment: datetime) -> str:
    """Write `field >= moment`, floored to the second: `updated_at:>="2026-01-31 23:00:59"`."""
    return f"{field}:>={_instant(moment)}"


def before(field: str, moment: datetime) -> str:
    """Write `field < moment`, floored to the second."""
    return f"{field}:<{_instant(moment)}"


def one_of(field: str, texts: Iterable[str]) -> str:
    """Write that `field` is one of at least one text: `email:("a","b")`; whether case matters is unknown."""
    literals = [quote(text) for text in texts]
    return f"{field}:{literals[0]}" if len(literals) == 1 else f"{field}:({','.join(literals)})"


def contains(field: str, text: str) -> str:
    """Write that `field` contains the text, whatever its case [doc]: `name:~"ana"`."""
    return f"{field}:~{quote(text)}"


def any_of(*conditions: str) -> str:
    """Join conditions of which one is enough, in parentheses of their own."""
    return conditions[0] if len(conditions) == 1 else f"({' or '.join(conditions)})"


def all_of(*conditions: str) -> str:
    """Join conditions by a space, which means "and" [seen]; a comma or a semicolon does not."""
    return " ".join(condition for condition in conditions if condition)


def outline(text: str) -> str:
    """Blank every literal but instants, which makes a filter fit for a log: `email:"…"`."""
    return _QUOTED.sub(lambda match: match.group() if _INSTANT.fullmatch(match.group(1)) else '"…"', text)


def _instant(moment: datetime) -> str:
    # Quoted, a space, whole seconds, no zone: the one form known to work. Fractions answer 500, unquoted with a space
    # too, and a naive literal means UTC [all seen].
    return quote(moment.astimezone(timezone.utc).replace(tzinfo=None).isoformat(" ", "seconds"))
