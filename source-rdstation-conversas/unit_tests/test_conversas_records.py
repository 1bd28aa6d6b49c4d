"""Rows get an id, and their values the types of the schema, whatever the API writes."""

from __future__ import annotations

from typing import Any

import pytest

from airbyte_rdstation.airbyte.records import Normalizer
from airbyte_rdstation.client.responses import BadAnswerError
from source_rdstation_conversas.list_conversas import row_of
from source_rdstation_conversas.table_conversas import STREAMS

SPECS = {spec.name: spec for spec in STREAMS}


def field(kind: str, **more: Any) -> dict[str, Any]:
    return {"type": [kind, "null"], **more}


SCHEMA = {
    "properties": {
        "text": field("string"),
        "moment": field("string", format="date-time"),
        "flag": field("boolean"),
        "count": field("integer"),
        "object": field("object", properties={"text": field("string")}),
        "list": field("array", items=field("object", properties={"flag": field("boolean")})),
        "texts": field("array", items=field("string")),
        "anything": field("array"),
        "either": {"type": ["string", "integer", "null"]},
    }
}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("text", {"a": 1}, '{"a":1}', id="a-text-takes-any-json"),
        pytest.param("text", "", "", id="a-blank-text-stays"),
        pytest.param("moment", 17, None, id="a-number-is-no-moment"),
        pytest.param("moment", "", None, id="a-blank-moment"),
        pytest.param("moment", "2026-08-01T09:00:00-03:00", "2026-08-01T12:00:00.000Z", id="a-moment"),
        pytest.param("flag", "TRUE", True, id="a-flag-as-text"),
        pytest.param("flag", 0, False, id="a-flag-as-number"),
        pytest.param("flag", "sim", None, id="no-flag"),
        pytest.param("count", "3", 3, id="a-number-as-text"),
        pytest.param("object", {"text": 5}, {"text": "5"}, id="inside-an-object"),
        pytest.param("object", "Ana", {"value": "Ana"}, id="no-object"),
        pytest.param("object", [], None, id="an-empty-object"),
        pytest.param("list", {"flag": "1"}, [{"flag": True}], id="a-list-of-one"),
        pytest.param("list", [None, "x"], [None, {"value": "x"}], id="inside-a-list"),
        pytest.param("list", "", [], id="a-blank-list"),
        pytest.param("texts", [1, None, "a"], ["1", None, "a"], id="a-list-of-texts"),
        pytest.param("anything", 1, [1], id="a-list-of-anything"),
        pytest.param("either", 1, 1, id="two-types"),
        pytest.param("unheard_of", {"a": 1}, {"a": 1}, id="a-field-that-no-schema-knows"),
    ],
)
def test_a_lenient_normalizer_rewrites_what_has_another_type(name: str, value: Any, expected: Any) -> None:
    assert Normalizer("stream", SCHEMA, lenient=True)({name: value}) == {name: expected}


@pytest.mark.parametrize(
    ("stream", "item", "row"),
    [
        pytest.param("employees", {"_id": 7, "id": ""}, {"_id": 7, "id": "7"}, id="either-id"),
        pytest.param("contacts", {"id": "c"}, {"_id": "c", "id": "c"}, id="both-ids-of-contacts"),
        pytest.param("flows", {"id": "f", "titulo": "F"}, {"id": "f", "titulo": "F", "title": "F"}, id="an-alias"),
        pytest.param("reports", {"id": "r"}, {"id": "r", "created_at": None}, id="no-alias-filled"),
        pytest.param("wallets", "W", {"name": "W", "id": 3}, id="a-bare-text"),
        pytest.param(
            "workflows", {"name": "w", "id": 8}, {"name": "w", "title": "w", "id": "8"}, id="a-name-and-an-id"
        ),
        pytest.param("whatsapp_integrations", [1], {"data": "[1]", "id": 3}, id="whatever-comes"),
    ],
)
def test_an_item_becomes_a_row_with_an_id(stream: str, item: Any, row: dict[str, Any]) -> None:
    assert row_of(SPECS[stream], item, 3) == row


@pytest.mark.parametrize(
    ("stream", "item", "reason"),
    [
        ("employees", "Ana", "a record of employees is a JSON string where an object is expected"),
        ("employees", {"name": "Ana"}, "a record of employees has neither `id` nor `_id`, only the keys ['name']"),
        ("whatsapp_official_integrations", {"id": 1}, "has no `key`, only the keys ['id']"),
    ],
)
def test_an_item_without_what_tells_it_apart_is_refused_by_its_keys(stream: str, item: Any, reason: str) -> None:
    with pytest.raises(BadAnswerError, match=reason.replace("[", r"\[")):
        row_of(SPECS[stream], item, 3)
