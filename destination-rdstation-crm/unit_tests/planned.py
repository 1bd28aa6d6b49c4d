"""Plans of invented streams, and what they make of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airbyte_cdk.models import (
    AirbyteStream,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    SyncMode,
)

from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.plan import CellRules, Entry, Prepared, StreamPlan
from destination_rdstation_crm.mapping.setup import plan_streams
from destination_rdstation_crm.row import Row

ID = "66f1a2b3c4d5e6f708091001"
OTHER_ID = "66f1a2b3c4d5e6f708091002"

CUSTOM_ROWS: tuple[Mapping[str, Any], ...] = (
    {"id": "f1", "slug": "cpf", "name": "CPF", "type": "text", "entity": "contact", "options": []},
    {"id": "f2", "slug": "cliente-desde", "name": "Cliente desde", "type": "date", "entity": "contact"},
    {"id": "f3", "slug": "porte", "type": "option", "entity": "contact", "options": ["Pequeno", "Médio", "3"]},
    {
        "id": "f4",
        "slug": "interesses",
        "type": "multiple_choice",
        "entity": "contact",
        "options": ["Preço", "Prazo", "Prazo, longo"],
        "allow_new_option": False,
    },
    {
        "id": "f5",
        "slug": "origem",
        "type": "option",
        "entity": "contact",
        "options": ["Site"],
        "allow_new_option": True,
    },
    {"id": "f6", "slug": "cpf", "name": "CPF do pagador", "type": "text", "entity": "deal"},
    {"id": "f7", "slug": "erp_id", "type": "text", "entity": "contact"},
    {"id": "f8", "slug": "nota", "type": "stars", "entity": "contact"},
    {"id": "f9", "slug": "valor_credito", "type": "text", "entity": "deal"},
    {"id": "f10", "slug": "cnpj", "type": "text", "entity": "organization"},
)


DEMANDING_ROWS = tuple(
    {**row, "name": "Código no ERP", "required_rules": [{"always": True}]} if row["slug"] == "erp_id" else row
    for row in CUSTOM_ROWS
)
"""The same, of which new contacts need one."""


def fields_of(entity: str) -> CustomFields:
    return CustomFields.of(CUSTOM_ROWS, entity)


def stream(
    *columns: str,
    mode: str = "append",
    key: Sequence[Sequence[str]] | None = None,
    name: str = "people",
    namespace: str | None = None,
    goes_to: str | None = None,
    schema: Mapping[str, Any] | None = None,
) -> ConfiguredAirbyteStream:
    known = {"properties": {column: {} for column in columns}} if schema is None else dict(schema)
    return ConfiguredAirbyteStream(
        stream=AirbyteStream(
            name=name, namespace=namespace, json_schema=known, supported_sync_modes=[SyncMode.full_refresh]
        ),
        sync_mode=SyncMode.full_refresh,
        destination_sync_mode=DestinationSyncMode(mode),
        destination_object_name=goes_to,
        primary_key=None if key is None else [list(path) for path in key],
    )


def plans(
    *streams: ConfiguredAirbyteStream,
    mode: str = "contacts",
    mapped: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    send_nulls: bool = False,
    custom_fields_of: Callable[[str], CustomFields] = fields_of,
    warn: Callable[[str], None] = lambda _: None,
) -> dict[tuple[str, str | None], StreamPlan]:
    lines = mapped.items() if isinstance(mapped, Mapping) else mapped
    return plan_streams(
        ConfiguredAirbyteCatalog(streams=list(streams)),
        mode=mode,
        column_mapping=[Entry(column, field) for column, field in lines],
        custom_fields_of=custom_fields_of,
        cells=CellRules(send_nulls),
        warn=warn,
    )


def plan_for(
    mode: str, *columns: str, sync: str = "append", key: str | None = None, send_nulls: bool = False
) -> StreamPlan:
    """Of a stream whose columns carry the names of the fields."""
    path = None if key is None else [[key]]
    (plan,) = plans(stream("_id", *columns, mode=sync, key=path), mode=mode, send_nulls=send_nulls).values()
    return plan


def prepare(plan: StreamPlan, cells: Mapping[str, Any]) -> Prepared:
    return plan.prepare(Row(("people", None), 1, cells))


def body(mode: str, cells: Mapping[str, Any], *, send_nulls: bool = False) -> Mapping[str, Any]:
    """What a row becomes whose columns carry the names of the fields."""
    return prepare(plan_for(mode, *cells, send_nulls=send_nulls), cells).body
