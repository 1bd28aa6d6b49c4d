"""Characters that nobody sees: byte order marks, zero-width spaces, marks of direction, controls. Pure.

They come along when a text is copied from a web page or a spreadsheet, and tell no two names or values apart.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

__all__ = ["cleaned", "plain_name", "shown", "without_invisible"]

_INVISIBLE_RANGES: Final = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # controls, but for those that end lines or are spaces
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_INVISIBLE: Final = re.compile(f"[{_INVISIBLE_RANGES}]")
_NEIGHBOUR: Final = r"[\u0590-\u1fff\u20d0-\ufefe\U00010000-\U000dffff]"  # scripts with joiners, and pictures
_MEANT: Final = (
    r"\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"  # the flag of a part of a country
    rf"|(?<={_NEIGHBOUR})[\u200c\u200d](?={_NEIGHBOUR})"  # joiners between parts of a picture, or letters of Persia
    r"|(?<=[^\sA-Za-z\u00c0-\u058f])[\ufe00-\ufe0f\U000e0100-\U000e01ef]"  # the variant of a picture or an ideograph
)
_MEANT_OR_NOT: Final = re.compile(f"({_MEANT})|[{_INVISIBLE_RANGES}]")
_SPACE: Final = re.compile(r"[^\S\t\n\r ]")  # a no-break space, say
_LINE_END: Final = re.compile(r"[\t\n\r]")


def without_invisible(text: str) -> str:
    """Compose the characters and take out those that nobody sees; every kind of space becomes a plain one."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", _SPACE.sub(" ", text)))


def cleaned(text: str) -> str:
    """Do the same, but keep the invisible ones that are part of a picture or a letter: what people wrote."""
    if text.isascii() and text.isprintable():
        return text
    kept = _MEANT_OR_NOT.sub(lambda found: found[1] or "", _SPACE.sub(" ", text))
    return unicodedata.normalize("NFC", kept)


@lru_cache(maxsize=10_000)  # each row brings the same names
def plain_name(name: str) -> str:
    """Return the name of a column or field as it is compared with others."""
    return _LINE_END.sub(" ", without_invisible(name)).strip()


def shown(name: str) -> str:
    r"""Write the name as a message shows it: what nobody sees as an escape, such as `\ufeff`."""
    return "".join(each if each.isprintable() and not _INVISIBLE.match(each) else _escape(each) for each in name)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
