"""The page of cells and what becomes of them is true: each of its rows goes through a plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalog
from planned import prepare, stream

from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.plan import CellRules, StreamPlan
from destination_rdstation_crm.mapping.setup import plan_streams
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS
from destination_rdstation_crm.row import RowRejectedError

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "integrations" / "destinations" / "rdstation-crm-values.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")
CUSTOM_ROWS: Final[tuple[Mapping[str, Any], ...]] = (
    {"slug": "cpf", "name": "CPF", "type": "text"},
    {"slug": "documento", "name": "CNPJ da empresa", "type": "text"},
    {"slug": "visita", "name": "Visita", "type": "date"},
    {
        "slug": "origem",
        "type": "option",
        "options": ["Site", "Feira", "Indicação", "VEÍCULO", "Rádio, TV", "Pós-venda", "Pos-venda"],
    },
    {"slug": "ativo", "type": "option", "options": ["Sim", "Não"]},
    {"slug": "canais", "type": "multiple_choice", "options": ["Site", "Feira", "Telefone", "Rádio, TV"]},
    {"slug": "observacao", "type": "text"},
)
OF_CONTACTS: Final = ("phone", "birthday", "email")
ROW: Final = re.compile(r"\| `(?P<cell>.+)` \| (?P<becomes>.+) \|")


def rows() -> Iterator[Any]:
    """Each row of the tables: the field, whether it is the matching key, the cell and what becomes of it."""
    for section in TEXT.split("\n## ")[1:]:
        heading, _, table = section.partition("\n")
        (field,) = re.findall(r"\| `(\S+)` \| becomes \|", table)
        for row in ROW.finditer(table.partition("---")[2]):
            is_key = heading.endswith("as matching key") or heading.endswith("as matching keys")
            yield pytest.param(field, is_key, json.loads(row["cell"]), row["becomes"], id=f"{field}-{row['cell']}")


def plan_of(field: str, is_key: bool) -> StreamPlan:
    (empty_values,) = re.findall(r"`empty_values` of these examples: `(.+)`", TEXT)
    streams = [stream("name", field, mode="append_dedup", key=[[field]]) if is_key else stream("name", field)]
    (plan,) = plan_streams(
        ConfiguredAirbyteCatalog(streams=streams),
        mode="contacts" if field in OF_CONTACTS else "deals",
        column_mapping=[],
        custom_fields_of=lambda entity: CustomFields.of(CUSTOM_ROWS, entity),
        cells=CellRules(empty_values=frozenset(json.loads(empty_values))),
        warn=pytest.fail,
    ).values()
    return plan


def outcome(field: str, is_key: bool, cell: Any) -> str:
    """What becomes of a cell, as the page says it."""
    plan = plan_of(field, is_key)
    try:
        prepared = prepare(plan, {"name": "Ana", field: cell})
    except RowRejectedError as error:
        return f"rejected: {error.reason}"
    if is_key:
        return f"`{next(iter(prepared.key.folded))}`" if prepared.key.folded else f"rejected: {prepared.key.flaw}"
    key = plan.record_type.by_name[field].key
    value = prepared.body.get(key)
    if key == CUSTOM_FIELDS and value is not None:
        value = value.get(field.removeprefix("@"))
    return "empty" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


@pytest.mark.parametrize(("field", "is_key", "cell", "becomes"), list(rows()))
def test_a_cell_becomes_what_the_page_says(field: str, is_key: bool, cell: Any, becomes: str) -> None:
    assert outcome(field, is_key, cell) == becomes


def test_the_page_shows_many_cells_of_each_kind() -> None:
    found = [param.values[0] for param in rows()]

    assert len(found) >= 120
    assert set(found) >= {"phone", "@cpf", "@documento", "one_time_price", "expected_close_date", "@origem", "@canais"}
