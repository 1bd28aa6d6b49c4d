"""The staged decoding of a decrypted page: bytes in, JSON or at least text out. Pure.

The vendor's library keeps the low byte of each UTF-16 unit, so a bullet or an emoji arrives as a bare quote, a bare
backslash or a control character. What can be parsed is parsed; what cannot comes back as the text it is. Never raises,
and takes time in proportion to the page. Facts: docs/api/conversas.md#why-the-plaintext-is-damaged and
#staged-decoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from airbyte_rdstation.client.json_text import as_json_text, parse, storable
from source_rdstation_conversas.jwe.quotes import repair_quotes

__all__ = ["Decoded", "decode"]

_MOST_UNWRAPPED: Final = 3  # JSON strings that hold JSON, one in another


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
