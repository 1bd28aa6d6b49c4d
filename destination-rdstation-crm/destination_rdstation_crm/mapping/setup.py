"""The set-up, checked as a whole before the first write: catalog, mapping and the account's custom fields.

Whatever is wrong here is a config error that names the culprit, and nothing has been written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteStream, DestinationSyncMode

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.invisible import plain_name, shown
from destination_rdstation_crm.mapping.custom_fields import CustomFields, suggestion
from destination_rdstation_crm.mapping.plan import (
    CellRules,
    Entry,
    StreamPlan,
    columns_of,
    is_added,
    matches_of,
    missing_fields,
)
from destination_rdstation_crm.mapping.record_type import RecordType
from destination_rdstation_crm.objects.crm_object import CUSTOM_PREFIX, ID_FIELD, CrmObject
from destination_rdstation_crm.objects.tables import MODES, OBJECTS

__all__ = ["SYNC_MODES", "plan_streams", "streams_to_clear"]

SYNC_MODES: Final = (DestinationSyncMode.append, DestinationSyncMode.append_dedup, DestinationSyncMode.update)


def plan_streams(
    catalog: ConfiguredAirbyteCatalog,
    *,
    mode: str,
    column_mapping: Sequence[Entry],
    custom_fields_of: Callable[[str], CustomFields],
    cells: CellRules,
    warn: Callable[[str], None],
) -> dict[tuple[str, str | None], StreamPlan]:
    """Make a plan for each stream that may bring rows, by name and namespace: see `streams_to_clear` for the others.

    `custom_fields_of` gives an entity's custom fields; it is called once an entity, where an `@slug` is used or
    records are created. `warn` takes a sentence for the log.
    """
    setup = _Setup(mode, column_mapping, cache(custom_fields_of), cells, warn)
    cleared = streams_to_clear(catalog)
    return {key: setup.plan(each, namespace) for key, each, namespace in _told_apart(catalog) if key not in cleared}


def streams_to_clear(catalog: ConfiguredAirbyteCatalog) -> dict[tuple[str, str | None], ConnectorError]:
    """Return the streams that Airbyte's *Clear data* overwrites, each with the config error that a row of it means."""
    return {
        key: _no_such_mode(each, _label(key[0], namespace))
        for key, each, namespace in _told_apart(catalog)
        if each.destination_sync_mode is DestinationSyncMode.overwrite
    }


def _told_apart(
    catalog: ConfiguredAirbyteCatalog,
) -> Iterator[tuple[tuple[str, str | None], ConfiguredAirbyteStream, str | None]]:
    """Yield name and namespace of each stream, the stream, and its namespace where another stream has its name."""
    keys = [(each.stream.name, each.stream.namespace or None) for each in catalog.streams]
    alike = Counter(name for name, _ in set(keys))
    for key, each in zip(keys, catalog.streams, strict=True):
        yield key, each, key[1] if alike[key[0]] > 1 else None


@dataclass(frozen=True)
class _Setup:
    """What all streams of a sync share."""

    mode: str
    column_mapping: Sequence[Entry]
    custom_fields_of: Callable[[str], CustomFields]
    cells: CellRules
    warn: Callable[[str], None]

    def plan(self, configured: ConfiguredAirbyteStream, namespace: str | None) -> StreamPlan:
        """Make the plan of one stream, or raise a config error; `namespace` only where another stream has its name."""
        name = configured.stream.name
        label = _label(name, namespace)
        sync_mode = _sync_mode(configured, label)
        crm_object = _object(configured, label, self.mode)
        entries = self._entries(configured, label, crm_object)
        creates = sync_mode is not DestinationSyncMode.update  # which the account allows only with some of them
        custom_fields = CustomFields(crm_object.entity)
        if creates or any(entry.field.startswith(CUSTOM_PREFIX) for entry in entries):
            custom_fields = self.custom_fields_of(crm_object.entity).matched(matches_of(entries))
        record_type = RecordType(crm_object, custom_fields)
        columns = columns_of(entries, record_type)
        _insist_name(label, crm_object, sync_mode, [column.field.name for column in columns])
        key_field = None
        if sync_mode is not DestinationSyncMode.append:
            key_field = _key_field(configured, label, record_type, entries)
        identifying = key_field or ID_FIELD
        column = next((each.plain for each in columns if each.field.name == identifying), None)
        if creates and (missing := missing_fields(entries, record_type)):
            self.warn(f"Stream `{label}`: {missing}")
        return StreamPlan(name, namespace, label, record_type, columns, key_field, column, sync_mode, self.cells)

    def _entries(self, configured: ConfiguredAirbyteStream, label: str, crm_object: CrmObject) -> Sequence[Entry]:
        known = _schema_columns(configured)
        entries = self.column_mapping
        if configured.destination_object_name or not entries:
            entries = self._same_names(label, crm_object, known)
        if known is not None:
            _insist_columns(label, entries, known)
        return entries

    def _same_names(self, label: str, crm_object: CrmObject, known: Sequence[str] | None) -> list[Entry]:
        """Map the columns that carry destination field names already, and warn of the others, which are not sent."""
        if known is None:
            custom_fields = self.custom_fields_of(crm_object.entity)
            if custom_fields.unread:
                raise custom_fields.unread  # any of them may be a column
            return [Entry(name, name) for name in RecordType(crm_object, custom_fields).by_name]
        plain = {name: plain_name(name) for name in known}
        fits = {
            name: field in crm_object.by_name or field == ID_FIELD or field[:1] == CUSTOM_PREFIX
            for name, field in plain.items()
        }
        strangers = [name for name, fit in fits.items() if not fit and not is_added(name)]
        if strangers:
            self.warn(
                f"Stream `{label}`: {_quoted(strangers)} not sent, being no field of a {crm_object.name}. "
                "Map or rename what should be sent."
            )
        return [Entry(name, plain[name]) for name, fit in fits.items() if fit]


def _label(name: str, namespace: str | None) -> str:
    return shown(f"{namespace}.{name}" if namespace else name)


def _sync_mode(configured: ConfiguredAirbyteStream, label: str) -> DestinationSyncMode:
    if configured.destination_sync_mode not in SYNC_MODES:
        raise _no_such_mode(configured, label)
    return configured.destination_sync_mode


def _no_such_mode(configured: ConfiguredAirbyteStream, label: str) -> ConnectorError:
    return config_error(
        f"Stream `{label}` asks for the sync mode `{configured.destination_sync_mode.value}`, which this destination "
        f"does not have. Choose one of {', '.join(mode.value for mode in SYNC_MODES)}."
    )


def _object(configured: ConfiguredAirbyteStream, label: str, mode: str) -> CrmObject:
    name = configured.destination_object_name
    if name:
        if name not in OBJECTS:
            raise config_error(
                f"Stream `{label}` goes to `{shown(name)}`, which RD Station CRM does not "
                f"have. {suggestion(name, OBJECTS)}"
            )
        return OBJECTS[name]
    return MODES[mode]


def _schema_columns(configured: ConfiguredAirbyteStream) -> list[str] | None:
    """The table's columns; None if the schema names none at all, not even an empty list of them."""
    properties = configured.stream.json_schema.get("properties")
    return list(properties) if isinstance(properties, dict) else None


def _insist_columns(label: str, entries: Sequence[Entry], known: Sequence[str]) -> None:
    """Raise a config error unless the table has each column once; characters that nobody sees do not count."""
    by_plain: dict[str, list[str]] = {}
    for name in known:
        by_plain.setdefault(plain_name(name), []).append(name)
    for column, field_name, _ in entries:
        alike = by_plain.get(plain_name(column), [])
        if len(alike) > 1:
            raise config_error(
                f"Stream `{label}` has the columns {' and '.join(f'`{shown(name)}`' for name in alike)}, whose "
                f"names differ only in characters that nobody sees: it is not told which of them fills `{field_name}`. "
                "Rename or remove one of them."
            )
        if not alike:
            raise config_error(
                f"`column_mapping` maps the column `{shown(column)}` to `{field_name}`, but stream "
                f"`{label}` has no such column. {suggestion(column, known)} One `column_mapping` serves every "
                "stream of a connection: give a table with other columns a connection of its own."
            )


def _insist_name(label: str, crm_object: CrmObject, sync_mode: DestinationSyncMode, fields: Sequence[str]) -> None:
    if sync_mode is not DestinationSyncMode.append or ID_FIELD in fields:
        return
    for required in crm_object.required:
        if required not in fields:
            raise config_error(
                f"Stream `{label}` only creates {crm_object.mode}, and no column fills the field `{required}`, "
                f"without which none can be created. Map a column to `{required}`, or to `{ID_FIELD}` to update."
            )


def _key_field(
    configured: ConfiguredAirbyteStream, label: str, record_type: RecordType, entries: Sequence[Entry]
) -> str:
    """The matching key: the field that the stream's primary key is mapped to, or a config error."""
    crm_object = record_type.crm_object
    mode = configured.destination_sync_mode.value
    named = _key_column(configured, label)
    column = shown(named)
    fields = [entry.field for entry in entries if plain_name(entry.column) == plain_name(named)]
    if not fields:
        raise config_error(
            f"The primary key of stream `{label}`, column `{column}`, fills no field, so that `{mode}` cannot tell "
            f"which record a row is about. Map it to one of {_named(crm_object.matching_keys)} or to a custom field "
            "(`@slug`), or choose another primary key."
        )
    keys = [field for field in fields if field in record_type.matching_keys]
    if not keys:
        raise config_error(
            f"The primary key of stream `{label}`, column `{column}`, fills {_named(fields)}, which cannot tell one "
            f"{crm_object.name} from another. A matching key is one of {_named(crm_object.matching_keys)}, or a custom "
            "field (`@slug`) with a single value."
        )
    if len(keys) > 1:
        raise config_error(
            f"The primary key of stream `{label}`, column `{column}`, fills {_named(keys)}, and each could be the "
            "matching key. Leave only one of them on this column."
        )
    return keys[0]


def _key_column(configured: ConfiguredAirbyteStream, label: str) -> str:
    mode = configured.destination_sync_mode.value
    paths = configured.primary_key or []
    if not paths:
        raise config_error(
            f"Stream `{label}` has no primary key, and `{mode}` needs one: choose the column that tells which "
            "record a row is about."
        )
    if len(paths) > 1 or len(paths[0]) != 1:
        raise config_error(
            f"Stream `{label}` has a primary key of several columns ({_named(['.'.join(path) for path in paths])}). "
            f"`{mode}` matches by one column: choose a single one."
        )
    return str(paths[0][0])


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in names)


def _quoted(names: Sequence[str]) -> str:
    return f"column {_named(names)} is" if len(names) == 1 else f"columns {_named(names)} are"
