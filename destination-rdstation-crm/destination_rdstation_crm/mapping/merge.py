"""What an update sends: the row's values joined with the held record's, and only where they differ.

The API replaces lists and the address whole, and may replace custom fields too [guess], so they are read, joined and
written. A list that the row leaves as it is stays out: somebody may change it between our two calls, and sending it
would undo that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.objects.crm_object import CUSTOM_FIELDS, CrmObject

__all__ = ["changed", "difference", "merged", "not_taken"]


def difference(
    crm_object: CrmObject, held: Mapping[str, Any], body: Mapping[str, Any], custom_fields: CustomFields
) -> dict[str, Any]:
    """The body of a PUT that makes the record equal to the row; empty if it is."""
    joined = _joined(crm_object, held, body, custom_fields)
    differing = {key for key in joined if _differs(crm_object, key, held, joined[key], custom_fields)}
    if not differing:
        return {}
    for companions in crm_object.together:
        if companions & differing:
            differing |= companions
    # What records do not show goes along with the rest: alone, it would be written again in every sync.
    return {key: value for key, value in joined.items() if key in differing or _hidden(crm_object, key, held)}


def merged(
    crm_object: CrmObject, held: Mapping[str, Any], body: Mapping[str, Any], custom_fields: CustomFields
) -> dict[str, Any]:
    """The body of a PUT for a row that is written in any case: all its single values, and the lists that differ."""
    single = {key: value for key, value in body.items() if not isinstance(value, (list, dict))}
    return {**single, **difference(crm_object, held, body, custom_fields)}


def changed(
    crm_object: CrmObject, held: Mapping[str, Any], body: Mapping[str, Any], custom_fields: CustomFields
) -> bool:
    """Whether the row says anything that the record does not hold."""
    return bool(difference(crm_object, held, body, custom_fields))


def not_taken(
    crm_object: CrmObject, answer: Mapping[str, Any], sent: Mapping[str, Any], custom_fields: CustomFields
) -> list[str]:
    """The fields that a write sent and that its answer holds otherwise, as a mapping names them.

    RD Station drops in silence what it does not take: docs/api/crm-v2.md#writes.
    """
    names = []
    for key, value in sent.items():
        if key != CUSTOM_FIELDS:
            if _differs(crm_object, key, answer, value, custom_fields):
                names.append(crm_object.by_key[key].name)
            continue
        held = custom_fields.held(answer.get(CUSTOM_FIELDS))
        names += [f"@{slug}" for slug in value if not custom_fields.field(slug).same(held.get(slug), value[slug])]
    return sorted(names)


def _joined(
    crm_object: CrmObject, held: Mapping[str, Any], body: Mapping[str, Any], custom_fields: CustomFields
) -> dict[str, Any]:
    joined = {key: crm_object.by_key[key].join(held.get(key), body[key]) for key in body if key != CUSTOM_FIELDS}
    if CUSTOM_FIELDS in body:
        values = custom_fields.held(held.get(CUSTOM_FIELDS))
        resent = {slug: custom_fields.field(slug).resent(value) for slug, value in values.items()}
        joined[CUSTOM_FIELDS] = {**resent, **body[CUSTOM_FIELDS]}
    return joined


def _differs(crm_object: CrmObject, key: str, held: Mapping[str, Any], value: Any, custom_fields: CustomFields) -> bool:
    if key != CUSTOM_FIELDS:
        return not _hidden(crm_object, key, held) and not crm_object.by_key[key].same(held.get(key), value)
    values = custom_fields.held(held.get(CUSTOM_FIELDS))
    return not all(custom_fields.field(slug).same(values.get(slug), sent) for slug, sent in value.items())


def _hidden(crm_object: CrmObject, key: str, held: Mapping[str, Any]) -> bool:
    return key not in held and key != CUSTOM_FIELDS and not crm_object.by_key[key].shown
