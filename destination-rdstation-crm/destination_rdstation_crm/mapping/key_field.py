"""The matching key of a stream: the field that its primary key is mapped to."""

from __future__ import annotations

from collections.abc import Sequence

from airbyte_cdk.models import ConfiguredAirbyteStream

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.invisible import plain_name, shown
from destination_rdstation_crm.mapping.column_mapping import CUSTOM_PREFIX, Entry
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.objects.crm_object import CrmObject

__all__ = ["key_field_of", "matching_keys"]


def matching_keys(crm_object: CrmObject, custom_fields: CustomFields) -> list[str]:
    """Every field that can be a matching key; not one that holds several values."""
    customs = (CUSTOM_PREFIX + each.slug for each in custom_fields if each.kind != "multiple_choice")
    return [*crm_object.matching_keys, *customs]


def key_field_of(
    configured: ConfiguredAirbyteStream, crm_object: CrmObject, entries: Sequence[Entry], custom_fields: CustomFields
) -> str:
    """The field, or a config error."""
    stream, mode = shown(configured.stream.name), configured.destination_sync_mode.value
    named = _key_column(configured)
    column = shown(named)
    fields = [entry.field for entry in entries if plain_name(entry.column) == plain_name(named)]
    if not fields:
        raise config_error(
            f"The primary key of stream `{stream}`, column `{column}`, fills no field, so that `{mode}` cannot tell "
            f"which record a row is about. Map it to one of {_named(crm_object.matching_keys)} or to a custom field "
            "(`@slug`), or choose another primary key."
        )
    keys = [field for field in fields if field in matching_keys(crm_object, custom_fields)]
    if not keys:
        raise config_error(
            f"The primary key of stream `{stream}`, column `{column}`, fills {_named(fields)}, which cannot tell one "
            f"{crm_object.name} from another. A matching key is one of {_named(crm_object.matching_keys)}, or a custom "
            "field (`@slug`) with a single value."
        )
    if len(keys) > 1:
        raise config_error(
            f"The primary key of stream `{stream}`, column `{column}`, fills {_named(keys)}, and each could be the "
            "matching key. Leave only one of them on this column."
        )
    return keys[0]


def _key_column(configured: ConfiguredAirbyteStream) -> str:
    stream, mode = shown(configured.stream.name), configured.destination_sync_mode.value
    paths = configured.primary_key or []
    if not paths:
        raise config_error(
            f"Stream `{stream}` has no primary key, and `{mode}` needs one: choose the column that tells which "
            "record a row is about."
        )
    if len(paths) > 1 or len(paths[0]) != 1:
        raise config_error(
            f"Stream `{stream}` has a primary key of several columns ({_named(['.'.join(path) for path in paths])}). "
            f"`{mode}` matches by one column: choose a single one."
        )
    return str(paths[0][0])


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{shown(name)}`" for name in names)
