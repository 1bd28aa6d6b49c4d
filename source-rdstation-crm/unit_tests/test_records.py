"""Records agree with their schemas whatever form the API gives them."""

from __future__ import annotations

import copy
import json
from importlib import resources
from typing import Any

import jsonschema
import pytest

from airbyte_rdstation.airbyte.records import Normalizer
from source_rdstation_crm.v2.factory_v2 import with_custom_fields


def schema_of(stream: str) -> dict[str, Any]:
    schemas = resources.files("source_rdstation_crm").joinpath("schemas/v2")
    schema: dict[str, Any] = json.loads(schemas.joinpath(f"{stream}.json").read_bytes())
    return schema


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        pytest.param("updated_at", "2026-08-14T18:22:05.940Z", "2026-08-14T18:22:05.940Z", id="canonical"),
        pytest.param("updated_at", "2026-08-14T15:22:05.940-03:00", "2026-08-14T18:22:05.940Z", id="offset"),
        pytest.param("updated_at", "2026-08-14T15:22:05-0300", "2026-08-14T18:22:05.000Z", id="offset-without-colon"),
        pytest.param("updated_at", "2026-08-14T18:22:05", "2026-08-14T18:22:05.000Z", id="naive-is-utc"),
        pytest.param("updated_at", "2026-08-14T18:22:05.123456Z", "2026-08-14T18:22:05.123Z", id="microseconds"),
        pytest.param("closed_at", "", None, id="blank-date-time"),
        pytest.param("closed_at", "soon", None, id="unreadable-date-time"),
        pytest.param("expected_close_date", "2026-09-30", "2026-09-30", id="date"),
        pytest.param("expected_close_date", "2026-09-30T00:00:00.000Z", "2026-09-30", id="date-with-time"),
        pytest.param("expected_close_date", "", None, id="blank-date"),
        pytest.param("total_price", 0, 0, id="integer-for-a-float"),
        pytest.param("total_price", "1200.5", 1200.5, id="number-as-text"),
        pytest.param("total_price", "", None, id="blank-number"),
        pytest.param("total_price", "nan", None, id="not-a-number"),
        pytest.param("rating", 4.0, 4, id="whole-float"),
        pytest.param("rating", 4.5, None, id="broken-integer"),
        pytest.param("name", "", "", id="blank-text-stays"),
        pytest.param("status", "Won", "Won", id="capitals-stay"),
        pytest.param("unheard_of", {"a": 1}, {"a": 1}, id="unknown-field-stays"),
    ],
)
def test_given_a_value_when_normalized_then_it_has_the_schemas_form(field: str, value: Any, expected: Any) -> None:
    assert Normalizer("deals", schema_of("deals"))({"id": "1", field: value})[field] == expected


@pytest.mark.parametrize("odd", [7, 1.5, True, "texto", "", ["um", 2], {"id": "x"}, [{"id": "x"}], [[]], {}], ids=repr)
def test_given_a_meeting_of_any_types_when_normalized_then_it_validates(odd: Any) -> None:
    schema = schema_of("meetings")
    row = {**dict.fromkeys(schema["properties"], odd), "id": "1", "unheard_of": odd}

    record = Normalizer("meetings", schema, lenient=True)(copy.deepcopy(row))

    jsonschema.validate(record, schema)
    assert record["unheard_of"] == odd
    assert record.keys() == row.keys()


def test_given_custom_fields_when_described_then_each_slug_of_the_entity_has_its_type() -> None:
    definitions = [
        {"entity": "deal", "slug": "canais", "name": "Canais", "type": "multiple_choice"},
        {"entity": "deal", "slug": "data-do-contrato", "name": "Data do contrato", "type": "date"},
        {"entity": "contact", "slug": "cpf", "name": "CPF", "type": "text"},
    ]

    custom_fields = with_custom_fields(schema_of("deals"), "deal", definitions)["properties"]["custom_fields"]

    assert custom_fields["properties"] == {
        "canais": {"title": "Canais", "type": ["array", "string", "null"], "items": {"type": ["string", "null"]}},
        "data-do-contrato": {"title": "Data do contrato", "type": ["string", "null"]},
    }
    assert custom_fields["additionalProperties"] is True


def test_given_a_described_schema_when_asked_again_then_the_committed_one_is_untouched() -> None:
    with_custom_fields(
        schema_of("deals"),
        "deal",
        [{"entity": "deal", "slug": "x", "type": "text"}],
    )

    assert schema_of("deals")["properties"]["custom_fields"]["properties"] == {}


NESTED = {
    "properties": {
        "products": {
            "type": ["array", "null"],
            "items": {
                "type": ["object", "null"],
                "properties": {"at": {"type": ["string", "null"], "format": "date-time"}, "n": {"type": ["number"]}},
            },
        },
        "stage": {
            "type": ["object", "null"],
            "properties": {"since": {"type": ["string", "null"], "format": "date"}, "name": {"type": ["string"]}},
        },
    }
}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            {"products": [{"at": "2026-08-14T15:00:00-03:00", "n": "15.44", "x": 1}, None, "text", {}]},
            {"products": [{"at": "2026-08-14T18:00:00.000Z", "n": 15.44, "x": 1}, None, "text", {}]},
        ),
        (
            {"stage": {"since": "2026-08-14T15:00:00-03:00", "name": 5}},
            {"stage": {"since": "2026-08-14", "name": 5}},
        ),
        ({"stage": {}, "products": []}, {"stage": {}, "products": []}),
        ({"stage": None, "products": None}, {"stage": None, "products": None}),
        ({"stage": [], "products": {}}, {"stage": [], "products": {}}),
    ],
)
def test_given_values_inside_objects_and_lists_when_normalized_then_they_agree_too(row: Any, expected: Any) -> None:
    assert Normalizer("deals", NESTED)(row) == expected


def test_given_an_unreadable_value_inside_a_list_when_normalized_then_its_path_is_named_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = {"products": [{"at": "ana@exemplo.test"}, {"at": "ana@exemplo.test"}]}

    assert Normalizer("deals", NESTED)(row) == {"products": [{"at": None}, {"at": None}]}
    assert [record.getMessage() for record in caplog.records] == [
        "deals: a value of products.at cannot be read and becomes null."
    ]
