"""Decodes a decrypted page in stages: bytes in, JSON or at least text out. Pure.

The vendor's library keeps the low byte of each UTF-16 unit, so a bullet or an emoji arrives as a bare quote, a bare
backslash or a control character. What can be parsed is parsed, after the repair of such characters where it must be;
what cannot comes back as the text it is. Never raises, and takes time in proportion to the page.
Facts: docs/api/conversas.md#why-the-plaintext-is-damaged and #staged-decoding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from airbyte_rdstation.client.json_text import as_json_text, parse, storable

__all__ = ["Decoded", "decode", "repair_quotes"]

_MOST_UNWRAPPED: Final = 3  # JSON strings that hold JSON, one in another


@dataclass(frozen=True)
class Decoded:
    """Hold what a plaintext is: JSON (`text` is None), or text that is none."""

    value: Any = None
    text: str | None = None

    @property
    def data(self) -> str:
        """Return the page as one text: compact JSON, or the text as it is."""
        return as_json_text(self.value) if self.text is None else self.text


def decode(plaintext: bytes) -> Decoded:
    """Return the JSON in a plaintext, unwrapped where it is a string that holds JSON; otherwise its text without NUL.

    `[{"content": "•"}]`, cut down to one byte a character, gives a content of one quote; so does the same inside a JSON
    string. `value` is never a string: one that holds no JSON, or is wrapped more than 3 times, is `text`. Limit:
    Latin-1 that happens to be valid UTF-8 (`Ã©`) is read as UTF-8.
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
    return Decoded(text=storable(text))


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


# Only JSON's own white space: `\s` would take in U+001C, which is what is left of a typographic quote.
_GAP: Final = r"[ \t\n\r]*"
_NEXT_KEY: Final = rf',{_GAP}"[A-Za-z_][A-Za-z0-9_-]*"{_GAP}:'
_BRACKETS: Final = rf"(?:[}}\]]{_GAP})+"
_QUOTE_OR_BACKSLASH: Final = re.compile(r'["\\]')
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')


class _Closing(NamedTuple):
    """Hold what must follow a quote for it to close a string."""

    quote: re.Pattern[str]
    escaped: re.Pattern[str]
    """What proves that `\\"` is a bare backslash and the closing quote: bare quotes, which no content has."""


_END: Final = re.compile(rf"{_GAP}\Z")
_WHOLE: Final = _Closing(_END, _END)
_KEY: Final = _Closing(re.compile(rf"{_GAP}:"), re.compile(r"(?!)"))
_VALUE: Final = _Closing(
    # To the end of the brackets: `•}]` and `•},` are contents, too.
    re.compile(rf"{_GAP}(?:{_NEXT_KEY}|{_BRACKETS}(?:{_NEXT_KEY}|,{_GAP}[{{\[]|\Z)|\Z)"),
    re.compile(rf'{_GAP}(?:{_NEXT_KEY}|{_BRACKETS}(?:{_NEXT_KEY}|,{_GAP}{{{_GAP}"|\Z)|\Z)'),
)


def repair_quotes(text: str) -> str:
    """Escape the bare quotes and backslashes that cut-down characters left; valid JSON comes back as it is.

    A quote ends a string only where what follows could follow it in a list of message objects; every other one is
    escaped. Makes one pass, with a bounded look ahead at each quote. Limits: in a list of plain strings
    (`["a","b"]`) a key cannot be told from a value, and a bare backslash before one of `bfnrtu/` may pass for an
    escape. Facts: docs/api/conversas.md#staged-decoding, step 5.
    """
    pieces: list[str] = []
    position = 0
    while True:
        opening = text.find('"', position)
        if opening < 0:
            pieces.append(text[position:])
            return "".join(pieces)
        closing = _closing_of(text, position, opening)
        pieces.append(text[position : opening + 1])
        position = _copy_string(text, opening + 1, closing, pieces)


def _closing_of(text: str, position: int, opening: int) -> _Closing:
    """Tell whether the string that opens is a key, a value, or (with nothing before it) the whole text."""
    before = text[position:opening].rstrip(" \t\n\r")
    if not before:
        return _WHOLE if position == 0 else _KEY
    return _VALUE if before[-1] in ":[" else _KEY


def _copy_string(text: str, position: int, closing: _Closing, pieces: list[str]) -> int:
    """Copy up to and including the closing quote, escaping what does not close; return where it ended."""
    while True:
        found = _QUOTE_OR_BACKSLASH.search(text, position)
        if found is None:
            pieces.append(text[position:])
            return len(text)
        at = found.start()
        pieces.append(text[position:at])
        if text[at] == '"':
            if closing.quote.match(text, at + 1):
                pieces.append('"')
                return at + 1
            pieces.append('\\"')
            position = at + 1
        elif text.startswith('\\"', at) and closing.escaped.match(text, at + 2):
            pieces.append('\\\\"')
            return at + 2
        elif escape := _ESCAPE.match(text, at):
            pieces.append(escape[0])
            position = escape.end()
        else:
            pieces.append("\\\\")
            position = at + 1
