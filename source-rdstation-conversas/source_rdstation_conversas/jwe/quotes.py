"""Repairs JSON texts in which characters were cut down to bare quotes and backslashes. Pure: standard library only.

A quote ends a string only where what follows could follow it in a list of message objects; every other one is escaped.
One pass, each quote looked at with a bounded number of glances ahead. Limits: in a list of plain strings (`["a","b"]`)
a key cannot be told from a value, and a bare backslash before one of `bfnrtu/` may pass for an escape.
Facts: docs/api/conversas.md#why-the-plaintext-is-damaged and #staged-decoding, step 5.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

__all__ = ["repair_quotes"]

# Only JSON's own white space: `\s` would take in U+001C, which is what is left of a typographic quote.
_GAP: Final = r"[ \t\n\r]*"
_NEXT_KEY: Final = rf',{_GAP}"[A-Za-z_][A-Za-z0-9_-]*"{_GAP}:'
_BRACKETS: Final = rf"(?:[}}\]]{_GAP})+"
_QUOTE_OR_BACKSLASH: Final = re.compile(r'["\\]')
_ESCAPE: Final = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')


class _Closing(NamedTuple):
    """What must follow the quote that closes a string."""

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
    """The text with its stray quotes and backslashes escaped; valid JSON comes back as it is, but for the limits."""
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
    """Whether the string that opens is a key, a value, or (with nothing before it) the whole text."""
    before = text[position:opening].rstrip(" \t\n\r")
    if not before:
        return _WHOLE if position == 0 else _KEY
    return _VALUE if before[-1] in ":[" else _KEY


def _copy_string(text: str, position: int, closing: _Closing, pieces: list[str]) -> int:
    """Copies up to and including the closing quote, escaping what does not close; where it ended."""
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
