"""Lists and objects as JSON text, as warehouses keep them: read where a field takes one, never sent as text. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from destination_rdstation_crm.objects.texts import text
from destination_rdstation_crm.row import RowRejectedError

__all__ = ["begins_nested", "flat_text", "unfolded"]

# "[Fundos] Rua A" and "[11] 90000-0001" are texts. A quotation mark before it: JSON text that was made JSON text again.
_BEGINS: Final = re.compile(r"""\s*"?\s*(\{|\[(?!\s*[^\s\[\]{}"'][^\[\]{}"']*\]\s*\S))""")


def begins_nested(cell: Any) -> bool:
    """Whether a text begins like a JSON list or object."""
    return isinstance(cell, str) and bool(_BEGINS.match(cell))


def unfolded(cell: Any) -> Any:
    """The list or object that a cell holds, as itself or as text; the cell where it holds none."""
    if isinstance(cell, str) and cell.strip() == "null":
        return None
    if not begins_nested(cell):
        return cell
    try:
        return unfolded(json.loads(cell))
    except ValueError:
        raise RowRejectedError("the text begins like a JSON list or object, and is no valid JSON") from None


def flat_text(cell: Any) -> str:
    """A text or number where JSON text could only be a mistake."""
    if begins_nested(cell):
        raise RowRejectedError("a text is needed, and this is a JSON list or object as text")
    return text(cell)
