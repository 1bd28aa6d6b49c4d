"""The staged decoding of a decrypted page: bytes in, JSON or at least text out. Pure: standard library only.

The vendor's library keeps the low byte of each UTF-16 unit, so a bullet or an emoji arrives as a bare quote, a bare
backslash or a control character. What can be parsed is parsed; what cannot comes back as the text it is. Never raises,
and takes time in proportion to the page. Facts: docs/api/conversas.md#why-the-plaintext-is-damaged and
#staged-decoding.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import Any, Final

from source_rdstation_conversas.decoding.quotes import repair_quotes

__all__ = ["Decoded", "as_json_text", "decode", "parse"]

_MOST_UNWRAPPED: Final = 3  # JSON strings that hold JSON, one in another
_DEEPEST: Final = 100  # levels; messages have three, and parsers further down the road give up between 250 and 1,000
_MOST_DIGITS: Final = 4_300  # of a whole number: what Python reads since 3.10.7; time grows with their square
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_MAYBE_UNSTORABLE: Final = re.compile(r"\\u(0000|[dD][89a-fA-F])|[\x00\ud800-\udfff]")


@dataclass(frozen=True)
class Decoded:
    """What a plaintext holds: JSON (`text` is None), or text that is none."""

    value: Any = None
    text: str | None = None

    @property
    def data(self) -> str:
        """The page as one text: compact JSON, or the text as it is."""
        return as_json_text(self.value) if self.text is None else self.text


def decode(plaintext: bytes) -> Decoded:
    """The JSON in a plaintext, unwrapped where it is a string that holds JSON; otherwise its text without NUL.

    `value` is never a string: one that holds no JSON, or is wrapped more often than known, is `text`. Limit: Latin-1
    that happens to be valid UTF-8 (`Ã©`) is read as UTF-8.
    """
    text = _characters(plaintext)
    for _ in range(1 + _MOST_UNWRAPPED):
        try:
            value = _parse_repaired(text)
        except ValueError:
            break
        if not isinstance(value, str):
            return Decoded(value=value)
        text = value
    return Decoded(text=_storable(text))


def parse(text: str) -> Any:
    """The value of a JSON text, its strings storable; ValueError whatever is wrong with it.

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
    """Compact UTF-8 JSON, keys in the order received; what JSON or a database cannot hold is left out or spelled out.

    U+0000 goes, a lone half of a character becomes U+FFFD, NaN and infinities become text.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    if _MAYBE_UNSTORABLE.search(text):
        return json.dumps(_cleaned(value), ensure_ascii=False, separators=(",", ":"))
    return text


def _characters(plaintext: bytes) -> str:
    try:
        return plaintext.decode("utf-8")
    except UnicodeDecodeError:
        return plaintext.decode("latin-1")


def _parse_repaired(text: str) -> Any:
    text = text.removeprefix("\ufeff")
    try:
        return parse(text)
    except ValueError:
        return parse(repair_quotes(text))


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("too long")
    return int(digits)


def _finite(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits


def _depth(value: object) -> int:
    """How many lists and objects lie in one another; without recursion, as the answer may be any number."""
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
        return _storable(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _cleaned(item) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value


def _storable(text: str) -> str:
    """Without U+0000, which many databases refuse, and without lone surrogates, which no UTF-8 can carry."""
    return _UNSTORABLE.sub(lambda found: "" if found[0] == "\x00" else "\ufffd", text)
