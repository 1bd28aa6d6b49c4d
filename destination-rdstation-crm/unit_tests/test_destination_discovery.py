"""The DESTINATION_CATALOG: what the platform's mapping screen is told."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from planned import DEMANDING_ROWS, ID, fields_of

from destination_rdstation_crm.destination import destination_catalog
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.objects.tables import OBJECTS

CATALOG = destination_catalog(lambda entity: CustomFields.of(DEMANDING_ROWS, entity))
OPERATIONS = {(each.object_name, each.sync_mode.value): each for each in CATALOG.operations}


def schema(name: str, mode: str = "append") -> dict[str, Any]:
    made: dict[str, Any] = OPERATIONS[name, mode].json_schema
    return made


def test_given_an_account_when_discovered_then_each_object_has_each_mode_once() -> None:
    assert list(OPERATIONS) == [
        (name, mode) for name in ("contact", "deal", "organization") for mode in ("append", "append_dedup", "update")
    ]
    assert len(OPERATIONS) == len(CATALOG.operations)


@pytest.mark.parametrize("name", list(OBJECTS))
def test_given_an_object_when_discovered_then_its_fields_and_custom_fields_are_properties(name: str) -> None:
    properties = schema(name)["properties"]

    assert list(properties) == ["_id", *OBJECTS[name].by_name, *(f"@{each.slug}" for each in fields_of(name))]
    assert all(each["title"] for each in properties.values())
    assert schema(name)["additionalProperties"] is False


def test_given_custom_fields_when_discovered_then_types_titles_and_options_are_theirs() -> None:
    properties = schema("contact")["properties"]

    assert properties["@cpf"] == {"title": "CPF", "type": "string"}
    assert properties["@cliente-desde"] == {"title": "Cliente desde", "type": "string", "format": "date"}
    assert properties["@porte"]["enum"] == ["Pequeno", "Médio", "3"]
    assert properties["@interesses"]["items"]["enum"] == ["Preço", "Prazo", "Prazo, longo"]
    assert properties["@origem"] == {"title": "origem", "type": "string"}  # takes new options


@pytest.mark.parametrize(
    ("mode", "required"),
    [("append", ["name", "@erp_id"]), ("append_dedup", ["name", "@erp_id"]), ("update", [])],
)
def test_given_a_mode_when_discovered_then_what_a_creation_needs_is_required(mode: str, required: list[str]) -> None:
    assert schema("contact", mode)["required"] == required


@pytest.mark.parametrize("mode", ["append_dedup", "update"])
def test_given_a_mode_that_matches_when_discovered_then_single_valued_keys_are_offered(mode: str) -> None:
    slugs = [["@cpf"], ["@cliente-desde"], ["@porte"], ["@origem"], ["@erp_id"], ["@nota"]]

    assert OPERATIONS["contact", mode].matching_keys == [["_id"], ["email"], ["phone"], ["name"], *slugs]
    assert OPERATIONS["deal", mode].matching_keys == [["_id"], ["name"], ["@cpf"], ["@valor_credito"]]


def test_given_append_when_discovered_then_no_key_is_offered() -> None:
    assert OPERATIONS["contact", "append"].matching_keys is None


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("contact", {"name": "Ana", "@erp_id": "1", "@interesses": ["Preço"], "birthday": "0000-09-11", "_id": ID}),
        ("contact", {"name": "Ana", "@erp_id": "1", "@interesses": "Preço,Prazo", "@porte": "3"}),
        ("deal", {"name": "x", "rating": 3, "one_time_price": 1.5, "contact_id": [ID], "status": "ongoing"}),
        ("organization", {"name": "x", "address": {"line": "Rua A"}, "segment_ids": ID}),
    ],
)
def test_given_a_row_that_fits_when_validated_then_the_schema_takes_it(name: str, cells: dict[str, Any]) -> None:
    jsonschema.Draft7Validator.check_schema(schema(name))
    jsonschema.validate(cells, schema(name))


@pytest.mark.parametrize("cells", [{"name": "Ana", "@erp_id": "1", "full_name": "x"}, {"@erp_id": "1"}])
def test_given_a_row_that_does_not_fit_when_validated_then_the_schema_refuses_it(cells: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(cells, schema("contact"))
