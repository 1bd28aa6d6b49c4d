"""Cells as values: texts, numbers, days, ids, and lists or objects that a table keeps as JSON text. Pure.

What can be known to be wrong without asking RD Station is refused here, with RowRejectedError.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from datetime import date
from decimal import Decimal
from typing import Any, Final

from airbyte_rdstation.invisible import cleaned, without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = [
    "STATUSES",
    "begins_nested",
    "birthday",
    "blank",
    "brazilian_day",
    "day_of",
    "email",
    "flat_text",
    "fold",
    "identifier",
    "identifiers",
    "iso_day",
    "number",
    "plain",
    "price",
    "rating",
    "status",
    "text",
    "truth",
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


def fold(value: str) -> str:
    """Reduce a text to what matching compares: what one sees, trimmed, without case (RD Station's rule is unknown)."""
    return unicodedata.normalize("NFC", without_invisible(value).strip().casefold())


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
_EMAIL: Final = re.compile(r"""[^\s@\[\]{}"]+@[^\s@\[\]{}"]+""")
# 24 hexadecimal digits [seen]; webhooks name records by UUID [doc].
_ID: Final = re.compile(r"[0-9a-f]{24}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def email(cell: Any) -> str:
    """Read one address: something, `@`, something, and no space in it."""
    address = without_invisible(text(cell)).strip()
    if not _EMAIL.fullmatch(address):
        raise RowRejectedError("an e-mail is needed: one address, with something on both sides of its @ and no spaces")
    return address


def identifier(cell: Any) -> str:
    """Read an id of RD Station, in lower case as answers have it [seen]; never a number: its digits may be rounded."""
    trimmed = without_invisible(cell).strip() if isinstance(cell, str) else ""
    if not _ID.fullmatch(trimmed):
        raise RowRejectedError("an RD Station id is needed: 24 hexadecimal digits, or a UUID")
    return trimmed.lower()


def identifiers(cell: Any) -> list[str]:
    """Read one id, a list of ids, or ids with commas between them; each once, in their order."""
    items = cell.split(",") if isinstance(cell, str) else cell if isinstance(cell, list) else [cell]
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


_BEST_RATING: Final = 5  # [doc], the webhook page

_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_GROUPED_ONCE: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_POINT: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]*")
_POINT_AFTER_COMMAS: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_COMMA_AFTER_POINTS: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?")


def price(cell: Any) -> float:
    """Read a float: JSON then has a decimal point, without which one account refuses prices [seen]."""
    return number(cell)


def rating(cell: Any) -> int:
    """Read a whole number from 1 to 5."""
    value = number(cell)
    if not value.is_integer() or not 1 <= value <= _BEST_RATING:
        raise RowRejectedError("a rating is a whole number from 1 to 5")
    return int(value)


def number(cell: Any) -> float:
    """Read a finite number, or a text that can only be read as one: `1500.5`, `"1.500,50"`."""
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise RowRejectedError("a number is needed")
    try:
        value = float(_notation(without_invisible(cell).strip()) if isinstance(cell, str) else cell)
    except OverflowError:
        raise RowRejectedError("the number is too large") from None
    if not math.isfinite(value):
        raise RowRejectedError("this is no finite number")
    return value


def _notation(text: str) -> str:
    """The text as Python reads it. "1.500" is refused: it is 1.5 in one country and 1500 in the other."""
    if _GROUPED_ONCE.fullmatch(text):
        raise RowRejectedError(
            "the number can be read in two ways, as thousands or as decimals: send it as a number, or with two decimals"
        )
    if _POINT.fullmatch(text) or _SCIENTIFIC.fullmatch(text):
        return text
    if _COMMA.fullmatch(text):
        return text.replace(",", ".")
    if _POINT_AFTER_COMMAS.fullmatch(text):
        return text.replace(",", "")
    if _COMMA_AFTER_POINTS.fullmatch(text):
        return text.replace(".", "").replace(",", ".")
    raise RowRejectedError("a number is needed, and this text is none")


_TIME: Final = r"([T ][0-2][0-9]:[0-5][0-9](:[0-6][0-9]([.,][0-9]+)?)?( ?(Z|z|UTC|[+-][0-9]{2}(:?[0-9]{2})?))?)?"
_ISO: Final = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})" + _TIME)
_BRAZILIAN: Final = re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})" + _TIME)
_NO_YEAR: Final = re.compile(r"0000-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_LEAP_YEAR: Final = 2000  # a birthday without a year may be the 29th of February


def iso_day(cell: Any) -> str:
    """Write the cell's day as `YYYY-MM-DD`."""
    return day_of(cell).isoformat()


def brazilian_day(cell: Any) -> str:
    """Write the cell's day as `DD/MM/YYYY`, the form of custom fields [doc v1]."""
    day = day_of(cell)
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def birthday(cell: Any) -> str:
    """Write the cell's day as `YYYY-MM-DD`, or `0000-MM-DD` without a year [doc]."""
    yearless = _NO_YEAR.fullmatch(without_invisible(cell).strip()) if isinstance(cell, str) else None
    if yearless is None:
        return iso_day(cell)
    day = _calendar_day(_LEAP_YEAR, int(yearless["month"]), int(yearless["day"]))
    return f"0000-{day.month:02}-{day.day:02}"


def day_of(cell: Any) -> date:
    """Read the day that the cell itself names: a date-time keeps its own calendar day, whatever its zone."""
    trimmed = without_invisible(cell).strip() if isinstance(cell, str) else ""
    match = _ISO.fullmatch(trimmed) or _BRAZILIAN.fullmatch(trimmed)
    if match is None:
        raise RowRejectedError("a date is needed: YYYY-MM-DD, a date-time, or DD/MM/YYYY")
    return _calendar_day(int(match["year"]), int(match["month"]), int(match["day"]))


def _calendar_day(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RowRejectedError("there is no such day in the calendar") from None
