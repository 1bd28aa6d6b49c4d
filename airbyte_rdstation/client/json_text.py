"""JSON that strict parsers refuse, read all the same, and values written as JSON that every reader takes. Pure.

A name that was cut in the middle of an emoji leaves half of a surrogate pair, an old import bytes that are no UTF-8:
one such text must not cost the page it stands on. Databases refuse U+0000, so it goes, everywhere.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any, Final

__all__ = ["as_json_text", "fault_of", "has_nul", "mended", "parse", "storable"]

_DEEPEST: Final = 100  # levels; messages have three, and parsers further down the road give up between 250 and 1,000
_MOST_DIGITS: Final = 4_300  # of a whole number: what Python reads since 3.10.7; time grows with their square
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_MAYBE_UNSTORABLE: Final = re.compile(r"\\u(0000|[dD][89a-fA-F])|[\x00\ud800-\udfff]")


def parse(text: str) -> Any:
    """Read a JSON text, its strings storable; ValueError whatever is wrong with it.

    Raw control characters are let in. A number that no float can hold, and NaN, become text.
    """
    try:
        value = json.loads(text, strict=False, parse_int=_whole, parse_float=_finite, parse_constant=str)
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, str):  # a string may be JSON once more, where it will be cleaned
        if _depth(value) > _DEEPEST:
            raise ValueError("too deep")
        return _cleaned(value) if _MAYBE_UNSTORABLE.search(text) else value
    return value


def as_json_text(value: object) -> str:
    """Write compact UTF-8 JSON, keys in the order received; what JSON or a database cannot hold goes or is spelled out.

    U+0000 goes, a lone half of a character becomes U+FFFD, NaN and infinities become text.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    if _MAYBE_UNSTORABLE.search(text):
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    return text


def storable(text: str) -> str:
    """Take out U+0000, which many databases refuse; make lone surrogates, which no UTF-8 can carry, U+FFFD."""
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", text)


def mended(content: bytes) -> bytes | None:
    """Make a body that a strict parser refuses, or that holds U+0000, strict JSON; None where it is no JSON at all.

    Bytes that are no UTF-8 become U+FFFD, as halves of characters do; a byte order mark goes.
    """
    try:
        return as_json_text(parse(_text(content))).encode()
    except ValueError:
        return None


def has_nul(content: bytes) -> bool:
    """Tell whether a strictly valid body may hold U+0000."""
    return b"\\u0000" in content


def fault_of(content: bytes) -> str:
    """Say what is wrong with a body that is no JSON: by kind and place, without a word of it."""
    text = _text(content)
    if not text.strip():
        return "the body is no valid JSON (it is empty)"
    if text.lstrip()[:1] == "<":
        return "the body is an HTML page"
    try:
        json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
            return f"the body is no valid JSON (it breaks off after {len(text):,} characters)"
        return f"the body is no valid JSON (from character {error.pos + 1:,} of {len(text):,} on)"
    except (ValueError, RecursionError):
        pass
    return "the body is no valid JSON (it is nested too deeply, or a number is too long)"


def _text(content: bytes) -> str:
    return content.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("too long")
    return int(digits)


def _finite(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _depth(value: object) -> int:
    """Count how many lists and objects lie in one another; without recursion, as the answer may be any number."""
    depth = 0
    level = [value]
    while level and depth <= _DEEPEST:
        level = [item for node in level for item in _members(node)]
        depth += 1
    return depth


def _members(node: object) -> list[Any]:
    found = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [item for item in found if isinstance(item, (dict, list))]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {storable(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value
