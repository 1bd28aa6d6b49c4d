"""Cells as numbers: prices and ratings, as numbers or as texts in the world's or Brazil's notation. Pure."""

from __future__ import annotations

import math
import re
from typing import Any, Final

from airbyte_rdstation.invisible import without_invisible
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["number", "price", "rating"]

_BEST_RATING: Final = 5  # [doc], the webhook page

_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]{1,3}")
_GROUPED_ONCE: Final = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
_POINT: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_COMMA: Final = re.compile(r"[+-]?[0-9]+,[0-9]*")
_POINT_AFTER_COMMAS: Final = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_COMMA_AFTER_POINTS: Final = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?")


def price(cell: Any) -> float:
    """Always a float: JSON then has a decimal point, without which one account refuses prices [seen]."""
    return number(cell)


def rating(cell: Any) -> int:
    """1 to 5."""
    value = number(cell)
    if not value.is_integer() or not 1 <= value <= _BEST_RATING:
        raise RowRejectedError("a rating is a whole number from 1 to 5")
    return int(value)


def number(cell: Any) -> float:
    """A finite number, or a text that can only be read as one."""
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
