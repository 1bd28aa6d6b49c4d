"""Cells as values: texts, ids, and lists or objects that a table keeps as JSON text. Pure.

What can be known to be wrong without asking RD Station is refused here, with RowRejectedError.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from decimal import Decimal
from typing import Any, Final

from airbyte_rdstation.invisible import cleaned, without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "STATUSES",
    "begins_nested",
    "blank",
    "email",
    "flat_text",
    "fold",
    "holds_no_value",
    "identifier",
    "identifiers",
    "look",
    "plain",
    "status",
    "text",
    "truth",
    "truth_or_text",
    "unfolded",
]


def blank(cell: Any) -> bool:
    """Whether a cell says nothing: null, a text in which nobody sees anything, a list or object of nothing else."""
    if isinstance(cell, str):
        return not without_invisible(cell).strip()
    if isinstance(cell, list):
        return all(blank(item) for item in cell)
    if isinstance(cell, dict):
        return all(blank(item) for item in cell.values())
    return cell is None


def text(cell: Any) -> str:
    """Read a text without what nobody sees in it, or a number's plain digits: 50000 and 4.0 become "50000" and "4"."""
    if isinstance(cell, str):
        try:
            cell.encode()
        except UnicodeEncodeError:  # half of a surrogate pair: JSON can spell it, UTF-8 cannot
            raise RowRejectedError("the text holds characters that are no valid Unicode") from None
        return cleaned(cell)
    if isinstance(cell, bool):
        raise RowRejectedError("a text is needed, and this is true or false")
    if isinstance(cell, int):
        return str(cell)
    if isinstance(cell, float):
        return _digits(cell)
    raise RowRejectedError("a text is needed, and this is a list or an object")


def plain(value: Any) -> str:
    """Read a text to compare: without the spaces around it, which an API may or may not keep."""
    return text(value).strip()


def truth_or_text(cell: Any) -> str:
    """Read a text, number, or true or false, which custom fields of texts hold too [seen]."""
    return ("true" if cell else "false") if isinstance(cell, bool) else text(cell)


def fold(value: str) -> str:
    """Reduce a text to what matching compares: what one sees, trimmed, without case (RD Station's rule is unknown)."""
    return unicodedata.normalize("NFC", without_invisible(value).strip().casefold())


def look(value: str) -> str:
    """Reduce a text to what one takes in at a glance: without case, accents and the number of spaces between words."""
    letters = unicodedata.normalize("NFD", fold(value))
    return " ".join("".join(each for each in letters if not unicodedata.combining(each)).split())


_MOST_CHARACTERS: Final = 200  # of words for a person; more may be a page of HTML
_MOST_DIGITS: Final = 3
_PARTICLES: Final = frozenset({"a", "e", "o", "da", "de", "do", "das", "dos"})  # of a name
_WORD: Final = re.compile(r"\w+")
_NO_WORDS: Final = frozenset("@<{\n&\\")  # an address, HTML, JSON, and escapes that cut a word: `Jo&atilde;o`


def holds_no_value(said: str, sent: Any) -> bool:
    """Whether words of RD Station's are fit for a log: none of them is a word of what was sent, or looks like a value.

    `sent` is a list or object of values: they are compared without case and accents, word by word.
    """
    if not 0 < len(said) <= _MOST_CHARACTERS or sum(map(str.isdigit, said)) > _MOST_DIGITS or _NO_WORDS & set(said):
        return False
    if isinstance(sent, (list, dict)):
        return all(holds_no_value(said, each) for each in (sent.values() if isinstance(sent, dict) else sent))
    words = set(_WORD.findall(look(str(sent))))
    return sent is None or (words - _PARTICLES or words).isdisjoint(_WORD.findall(look(said)))


def _digits(number: float) -> str:
    if not math.isfinite(number):
        raise RowRejectedError("this is no finite number")
    digits = format(Decimal(repr(number)), "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


_TRUE: Final = frozenset({"true", "t", "1", "1.0", "yes", "y", "sim", "s", "verdadeiro", "v"})
_FALSE: Final = frozenset({"false", "f", "0", "0.0", "no", "n", "não", "nao", "falso"})


def truth(cell: Any) -> bool | None:
    """Read true or false, in English or Portuguese; None where the cell says neither."""
    word = fold(str(cell))
    return True if word in _TRUE else False if word in _FALSE else None


# "[Fundos] Rua A" and "[11] 90000-0001" are texts. A quotation mark before it: JSON text that was made JSON text again.
_BEGINS: Final = re.compile(r"""\s*"?\s*(\{|\[(?!\s*[^\s\[\]{}"'][^\[\]{}"']*\]\s*\S))""")


def begins_nested(cell: Any) -> bool:
    """Whether a text begins like a JSON list or object."""
    return isinstance(cell, str) and bool(_BEGINS.match(cell))


def unfolded(cell: Any) -> Any:
    """Read the list or object that a cell holds, as itself or as text (`'["a"]'`); the cell where it holds none."""
    if isinstance(cell, str) and cell.strip() == "null":
        return None
    if not begins_nested(cell):
        return cell
    try:
        return unfolded(json.loads(cell))
    except ValueError:
        raise RowRejectedError("the text begins like a JSON list or object, and is no valid JSON") from None


def flat_text(cell: Any) -> str:
    """Read a text or number where JSON text could only be a mistake."""
    if begins_nested(cell):
        raise RowRejectedError("a text is needed, and this is a JSON list or object as text")
    return text(cell)


STATUSES: Final = ("ongoing", "won", "lost", "paused")

# Brackets, braces and quotes are rare in an address: where they stand, the cell is JSON text.
_EMAIL: Final = re.compile(r"""[^\s@\[\]{}"]+@[^\s@\[\]{}"][^\s@\[\]{}".]*\.[^\s@\[\]{}"]+""")
# 24 hexadecimal digits [seen]; webhooks name records by UUID [doc].
_ID: Final = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def email(cell: Any) -> str:
    """Read one address: something, `@`, a domain with a dot in it, as every public one has, and no space."""
    address = without_invisible(text(cell)).strip()
    if not _EMAIL.fullmatch(address):
        raise RowRejectedError(
            "an e-mail is needed: one address without spaces, with something before its @ and a dot in the domain"
        )
    return address


def identifier(cell: Any) -> str:
    """Read an id of RD Station, in lower case as answers have it [seen]; never a number: its digits may be rounded."""
    trimmed = without_invisible(cell).strip() if isinstance(cell, str) else ""
    if not _ID.fullmatch(trimmed):
        raise RowRejectedError("an RD Station id is needed: 24 hexadecimal digits, or a UUID")
    return trimmed.lower()


def identifiers(cell: Any) -> list[str]:
    """Read one id, a list of ids, or ids with commas or semicolons between them; each once, in their order."""
    items = cell.replace(";", ",").split(",") if isinstance(cell, str) else cell if isinstance(cell, list) else [cell]
    ids = dict.fromkeys(identifier(item) for item in items if not blank(item))
    if not ids:
        raise RowRejectedError("an RD Station id is needed, and there are only commas")
    return list(ids)


def status(cell: Any) -> str:
    """Read one of the four statuses, in lower case."""
    folded = text(cell).strip().lower()
    if folded not in STATUSES:
        raise RowRejectedError("a deal's status is one of " + ", ".join(STATUSES))
    return folded
