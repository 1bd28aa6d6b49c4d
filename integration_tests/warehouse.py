"""What a source said, or a test invents, as tables of a DuckDB file, with the columns and types of PyAirbyte."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from harness import Source, discovered

__all__ = ["EXTRACTED", "Tables", "store", "write_tables"]

NESTED = {"array", "object"}
TYPES = {"boolean": "BOOLEAN", "integer": "BIGINT", "number": "DECIMAL(38, 9)"}
FORMATS = {"date-time": "TIMESTAMP", "date": "DATE"}
EXTRACTED = "_airbyte_extracted_at"
KINDS = {bool: "BOOLEAN", int: "BIGINT", float: "DECIMAL(38, 9)", list: "JSON", dict: "JSON"}
Tables = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by table: {"users": [{"id": "u1", "name": "Ana"}]}. A column is of the kind of its first value."""


def store(source: Source, path: Path, extracted_at: str, streams: Sequence[str] = ()) -> None:
    """Read the streams, or all, and add their records to the file; `extracted_at` is when all of them arrived."""
    run = source.read(*streams)
    with duckdb.connect(str(path)) as db:
        db.execute("SET TimeZone = 'UTC'")
        for stream in streams or source.api.streams:
            columns = {
                name: _type(field)
                for name, field in discovered(source.api)[stream]["json_schema"]["properties"].items()
            } | {EXTRACTED: "TIMESTAMP"}
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            db.execute(f'CREATE TABLE IF NOT EXISTS "{stream}" ({declared})')
            rows = [
                [_cell(record.get(name), kind) if name != EXTRACTED else extracted_at for name, kind in columns.items()]
                for record in run.records(stream)
            ]
            marks = ", ".join(f"CAST(? AS {kind})" if kind != "TIMESTAMP" else _MOMENT for kind in columns.values())
            if rows:
                db.executemany(f'INSERT INTO "{stream}" VALUES ({marks})', rows)  # noqa: S608 - names of our own


def write_tables(path: Path, tables: Tables, extracted_at: str, schema: str = "main") -> Path:
    """Write invented rows into a DuckDB file; a row may say itself when it arrived. A name in `_at` is a moment."""
    with duckdb.connect(str(path)) as db:
        db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"; USE "{schema}"')
        for table, rows in tables.items():
            columns = {EXTRACTED: "TIMESTAMP"}
            for name, value in [cell for row in rows for cell in row.items() if cell[1] is not None]:
                columns.setdefault(name, "TIMESTAMP" if name.endswith("_at") else KINDS.get(type(value), "VARCHAR"))
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            db.execute(f'CREATE TABLE "{table}" ({declared})')
            for row in rows:
                cells = [_cell({EXTRACTED: extracted_at, **row}.get(name), kind) for name, kind in columns.items()]
                db.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(cells))})', cells)  # noqa: S608 - as above
    return path


_MOMENT = "CAST(CAST(? AS TIMESTAMPTZ) AS TIMESTAMP)"


def _type(field: dict[str, Any]) -> str:
    kinds = {field["type"]} if isinstance(field["type"], str) else set(field["type"])
    if kinds & NESTED:
        return "JSON"
    if "format" in field:
        return FORMATS.get(field["format"], "VARCHAR")
    return next((TYPES[kind] for kind in kinds & TYPES.keys() if "string" not in kinds), "VARCHAR")


def _cell(value: Any, kind: str) -> Any:
    return json.dumps(value) if kind == "JSON" and value is not None else value
