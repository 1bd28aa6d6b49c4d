"""Schemas of API v2: every field typed, custom fields described as the account has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from harness import V2, account, discovered_schemas


def test_given_the_fields_of_the_api_when_discovered_then_each_is_typed_and_nullable() -> None:
    with account() as crm:
        schemas = discovered_schemas(crm)
        for stream in V2.streams:
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
        schemas = discovered_schemas(crm)
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
        assert discovered_schemas(crm).keys() == V2.cursors.keys()
