"""A rejected row as a line of JSON: the original row, and why it is not in the CRM. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable

import orjson

from destination_rdstation_crm.row import Reject

__all__ = ["as_lines", "json_line"]


def as_lines(rejects: Iterable[Reject]) -> bytes:
    """JSON lines."""
    return b"".join(json_line(_object(reject)) for reject in rejects)


def json_line(content: object) -> bytes:
    """One line, whatever a row may hold."""
    try:
        return orjson.dumps(content, default=str, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # a number of too many digits, half of a surrogate pair, or many levels
        parsed = json.loads(json.dumps(content, default=str), parse_constant=lambda _: None)  # JSON has no NaN
        return json.dumps(parsed).encode() + b"\n"


def _object(reject: Reject) -> dict[str, object]:
    return {
        "stream": reject.row.stream,
        "row_number": reject.row.number,
        "rejected_reason": reject.reason,
        "column": reject.column,
        "field": reject.field_name,
        "api_message": reject.said or None,
        "row": reject.row.data,
    }
