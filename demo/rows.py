"""Rows of DuckDB as JSON: what a RECORD carries of each type of column."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import duckdb

__all__ = ["batches"]

_AS_THEY_ARE: Final = frozenset({
    "boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint",
    "uhugeint", "double", "decimal", "varchar",
})  # fmt: skip
_NESTED: Final = frozenset({"list", "array", "struct", "map", "variant"})


def batches(rows: duckdb.DuckDBPyRelation, size: int) -> Iterator[list[dict[str, Any]]]:
    """Every row, as an object of its columns."""
    types = zip(rows.columns, rows.types, strict=True)
    kinds = {name: "json" if str(kind) == "JSON" else kind.id for name, kind in types}
    selected = rows.project(", ".join(_selected(name, kind) for name, kind in kinds.items()))
    holds_json = {name for name, kind in kinds.items() if kind in (*_NESTED, "json")}
    while batch := selected.fetchmany(size):
        named = (dict(zip(kinds, row, strict=True)) for row in batch)
        yield [{name: _value(cell, name in holds_json) for name, cell in row.items()} for row in named]


def _selected(name: str, kind: str) -> str:
    """The column in a form that Python takes whole: a date may be infinite, an interval has months."""
    quoted = '"' + name.replace('"', '""') + '"'
    if kind in _AS_THEY_ARE:
        return quoted
    if kind in _NESTED:
        return f"{quoted}::JSON::VARCHAR"
    if kind == "float":
        return f"{quoted}::VARCHAR::DOUBLE"  # 1.1, and not 1.10000002384
    return f"base64({quoted})" if kind == "blob" else f"{quoted}::VARCHAR"


def _value(cell: Any, holds_json: bool) -> Any:
    if holds_json and cell is not None:
        return _parsed(cell)
    if isinstance(cell, Decimal):
        return _number(cell)
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)  # DuckDB writes NaN
    except ValueError:
        return text  # a column may be called JSON and hold none


def _number(cell: Decimal) -> int | float | str:
    """As JSON has numbers; a text where a float would lose digits."""
    if cell == cell.to_integral_value():
        return int(cell)
    return float(cell) if Decimal(repr(float(cell))) == cell else format(cell, "f")
