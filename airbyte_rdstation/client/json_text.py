"""Reads JSON that strict parsers refuse, and writes JSON that every reader takes. Pure.

A name that was cut in the middle of an emoji leaves half of a surrogate pair, an old import bytes that are not UTF-8:
one such text must not cost its whole page. Databases refuse U+0000, so it is removed everywhere.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any, Final

__all__ = ["as_json_text", "as_text", "fault_of", "mended", "parse", "storable"]

_DEEPEST: Final = 100  # levels; messages have three, and parsers further down the road give up between 250 and 1,000
_MOST_DIGITS: Final = 4_300  # of a whole number: what Python reads since 3.10.7; time grows with their square
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_MAYBE_UNSTORABLE: Final = re.compile(r"\\u(0000|[dD][89a-fA-F])|[\x00\ud800-\udfff]")


def parse(text: str) -> Any:
    """Parse a JSON text leniently, and make its strings `storable`.

    Raw control characters are accepted. NaN, and a number that no float can hold, become text.
    Raises ValueError, whatever is wrong.
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
    """Write compact JSON, keys in the order received, that every reader and database takes.

    U+0000 is removed, a lone surrogate becomes U+FFFD, NaN and infinities become text.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    if _MAYBE_UNSTORABLE.search(text):
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    return text


def as_text(value: object) -> str:
    """Return a text as it is, anything else as compact JSON."""
    return value if isinstance(value, str) else as_json_text(value)


def storable(text: str) -> str:
    """Remove U+0000, which many databases refuse; replace lone surrogates, which UTF-8 cannot carry, by U+FFFD."""
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", text)


def mended(content: bytes) -> bytes | None:
    """Rewrite a body that a strict parser refuses, or that holds U+0000, as strict JSON; None where it is not JSON.

    Bytes that are not UTF-8, and lone surrogates, become U+FFFD; a byte order mark is removed.
    """
    try:
        return as_json_text(parse(_text(content))).encode()
    except ValueError:
        return None


def fault_of(content: bytes) -> str:
    """Say what is wrong with a body that is not JSON, by kind and place, without quoting it."""
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
    """Count the levels of nested lists and objects; without recursion, as there may be any number."""
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
