"""A page of messages as the server hands it to encryption: what the low-byte cut leaves of its JSON.

Facts: conversas.md#why-the-plaintext-is-damaged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from ..settings import Settings

__all__ = ["cut", "plaintext"]

_LOST = re.compile("[^\x00-\xff]")
NO_JSON = "<html>Servi\xe7o em manuten\xe7\xe3o</html>"


def plaintext(messages: Sequence[dict[str, Any]], settings: Settings, *, spoil: bool) -> bytes:
    """The bytes; `spoil` says whether the kinds of damage for a share of the contacts hit this page."""
    text = json.dumps(messages, ensure_ascii=False) if settings.conversas_spaced else orjson.dumps(messages).decode()
    if settings.conversas_malformed == "escaped":
        text = _LOST.sub(_escaped, text)
    if settings.conversas_nested:
        text = orjson.dumps(text).decode()
    if spoil and messages and settings.conversas_malformed == "no_json":
        text = NO_JSON
    raw = text.encode() if settings.conversas_plaintext == "utf-8" else cut(text)
    if spoil and messages and settings.conversas_malformed == "truncated":
        return raw[: len(raw) * 2 // 3]
    return raw


def cut(text: str) -> bytes:
    """The low byte of each UTF-16 code unit [test]."""
    return text.encode("utf-16-le", "surrogatepass")[0::2]


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
