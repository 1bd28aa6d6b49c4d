"""Every record of every stream validates against the discovered schema; custom fields are described per account."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from harness import STREAMS, Emulator, Message, Source, account

# jsonschema checks date-times only where a further package is installed; ours are of one form anyway (contract.md).
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(INSTANT.fullmatch(value) and datetime.fromisoformat(value[:-1]))


def is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


FORMATS = FormatChecker(formats=[])
FORMATS.checks("date-time", ValueError)(is_instant)
FORMATS.checks("date", ValueError)(is_date)


def discover(crm: Emulator) -> dict[str, Message]:
    (found,) = Source(crm).discover().of_type("CATALOG")
    return {stream["name"]: stream["json_schema"] for stream in found["streams"]}


VARIANTS: dict[str, dict[str, Any]] = {
    "as-documented": {},
    "odd": {"tz": "-03:00", "blank": "", "int_prices": True, "status_capitals": True, "custom_fields_keys": "id"},
}


@pytest.mark.parametrize("settings", VARIANTS.values(), ids=VARIANTS)
def test_given_an_account_when_read_then_every_record_validates_against_the_discovered_schema(
    settings: Mapping[str, Any],
) -> None:
    with account(**settings) as crm:
        crm.create("contacts", {"name": "Slug desconhecido", "custom_fields": {"slug-de-ontem": ["um", "dois"]}})
        schemas = discover(crm)

        run = Source(crm).read()

        for stream in STREAMS:
            validator = Draft7Validator(schemas[stream], format_checker=FORMATS)
            records = run.records(stream)
            assert records
            wrong = {
                f"{error.json_path}: {error.message}" for record in records for error in validator.iter_errors(record)
            }
            assert wrong == set()
        assert {"slug-de-ontem": ["um", "dois"]} in [contact["custom_fields"] for contact in run.records("contacts")]


def test_given_the_fields_of_the_api_when_discovered_then_each_is_typed_and_nullable() -> None:
    with account() as crm:
        schemas = discover(crm)
        for stream in STREAMS:
            properties = schemas[stream]["properties"]
            truth = crm.truth(stream)
            rows = [row for below in truth.values() for row in below] if isinstance(truth, dict) else truth
            assert {name for row in rows for name in row} - properties.keys() == set()
            assert {name for name, field in properties.items() if "null" not in field["type"]} <= {"id"}
            assert schemas[stream].get("additionalProperties", True) is True
            formats = {name: field.get("format") for name, field in properties.items()}
            instants = {name for name in formats if name.endswith("_at") or name == "due_date"}
            assert {name for name, form in formats.items() if form == "date-time"} == instants
        assert schemas["deals"]["properties"]["expected_close_date"]["format"] == "date"
        assert "format" not in schemas["contacts"]["properties"]["birthday"]  # 0000-MM-DD is no date


def test_given_custom_fields_when_discovered_then_each_has_its_type_and_label() -> None:
    with account() as crm:
        schemas = discover(crm)
        described: dict[str, dict[str, Any]] = {
            entity: schemas[f"{entity}s"]["properties"]["custom_fields"]["properties"]
            for entity in ("deal", "contact", "organization", "product")
        }
        fields = crm.truth("custom_fields")
        assert {field["type"] for field in fields} == {"text", "date", "option", "multiple_choice"}
        assert {entity: set(found) for entity, found in described.items()} == {
            entity: {field["slug"] for field in fields if field["entity"] == entity} for entity in described
        }
        for field in fields:
            found = described[field["entity"]][field["slug"]]
            assert found["title"] == field["name"]
            assert "format" not in found
            expected = {"string", "null"} | ({"array"} if field["type"] == "multiple_choice" else set())
            assert set(found["type"]) == expected


@pytest.mark.parametrize(
    "settings", [{"custom_fields_swapped": True}, {"forbidden": ["custom_fields"]}], ids=["swapped", "forbidden"]
)
def test_given_custom_fields_that_answer_oddly_when_discovered_then_every_stream_is_there(
    settings: Mapping[str, Any],
) -> None:
    with account(**settings) as crm:
        assert discover(crm).keys() == STREAMS.keys()
