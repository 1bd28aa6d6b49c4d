"""The dbt package's models over tables as a customer may have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from demo.report.models import PACKAGE, V1, V2, Models

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
KINDS = {bool: "BOOLEAN", int: "BIGINT", float: "DECIMAL(38, 9)", list: "JSON", dict: "JSON"}
ARRIVED = "_airbyte_extracted_at"
TODAY = "2026-11-30 12:00:00"


def stored(folder: Path, tables: Tables) -> Path:
    """Write tables into a DuckDB file, with the types that PyAirbyte gives columns."""
    path = folder / "account.duckdb"
    with duckdb.connect(str(path)) as db:
        for table, rows in tables.items():
            columns = {ARRIVED: "TIMESTAMP"}
            for name, value in [cell for row in rows for cell in row.items() if cell[1] is not None]:
                columns.setdefault(name, "TIMESTAMP" if name.endswith("_at") else KINDS.get(type(value), "VARCHAR"))
            declared = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            db.execute(f'CREATE TABLE "{table}" ({declared})')
            for row in rows:
                cells = [{ARRIVED: TODAY, **row}.get(name) for name in columns]
                texts = [json.dumps(cell) if isinstance(cell, list | dict) else cell for cell in cells]
                db.execute(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(texts))})', texts)  # noqa: S608 - ours
    return path


def rows(path: Path, query: str, api: str = V2, **variables: Any) -> list[dict[str, Any]]:
    version = api[-2:]
    with Models({api: path}, rdstation_api=version, rdstation_stage_history=version, **variables) as models:
        return models.rows(query)


def test_amounts_and_days_are_read_and_other_texts_are_not(tmp_path: Path) -> None:
    wrong = (PACKAGE / "tests" / "amounts_and_days_are_read.sql").read_text(encoding="utf-8")

    assert rows(stored(tmp_path, {}), wrong) == []


SLUGS = {
    "o'brien": "cf_o_brien", 'a"b': "cf_a_b", "c\\d": "cf_c_d", "e/f~g": "cf_e_f_g", "2026": "cf_2026", "id": "cf_id",
    "x" * 100: f"cf_{'x' * 50}", "x" * 99 + "y": f"cf_{'x' * 50}__2",
}  # fmt: skip


def test_any_slug_is_found_in_a_deal(tmp_path: Path) -> None:
    fields = [
        {"id": f"{place:02}", "slug": slug, "name": slug, "type": "text", "entity": "deal"}
        for place, slug in enumerate(SLUGS)
    ]
    deal = {"id": "d", "custom_fields": {slug: f"value of {slug}" for slug in SLUGS}}

    (row,) = rows(
        stored(tmp_path, {"deals": [deal], "custom_fields": fields}), "select * from {{ ref('rdstation__deals') }}"
    )

    assert {column: row[column] for column in SLUGS.values()} == {
        column: f"value of {slug}" for slug, column in SLUGS.items()
    }


@pytest.mark.parametrize("api", [V2, V1])
def test_a_list_is_read_as_people_write_it(api: str, tmp_path: Path) -> None:
    choices = ["São Paulo", 'ações "A"', "a, b"]
    written = {"canais": choices} if api == V2 else [{"custom_field_id": "f", "value": choices}]
    tables: Tables = {
        "custom_fields": [
            {"id": "f", "slug": "canais", "label": "canais", "type": "multiple_choice", "entity": "deal", "for": "deal"}
        ],
        "deals": [{"id": "a", "custom_fields": written}, {"id": "b", "custom_fields": ["x"]}, {"id": "c"}],
        "deals_details": [{"id": "a", "deal_custom_fields": written}, {"id": "b", "deal_custom_fields": {"x": 1}}],
    }

    found = rows(
        stored(tmp_path, tables), "select cf_canais from {{ ref('rdstation__deals') }} order by deal_id limit 2", api
    )

    assert found == [{"cf_canais": 'São Paulo, ações "A", a, b'}, {"cf_canais": None}]
