"""The specifications as the platform's form reads them: texts, order, groups, variants, secrets, patterns.

The rules are those of Airbyte's connector specification reference; what the form makes of them: `make spec-forms`.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import yaml
from airbyte_cdk.models import ConnectorSpecificationSerializer
from airbyte_cdk.test.standard_tests._spec_lint import find_secret_marking_errors

from destination_rdstation_crm import DestinationRdstationCrm
from source_rdstation_conversas import SourceRdstationConversas
from source_rdstation_crm import SourceRdstationCrm

ROOT = Path(__file__).resolve().parent.parent
CONNECTORS: Final[dict[str, Any]] = {
    "source-rdstation-crm": SourceRdstationCrm,
    "source-rdstation-conversas": SourceRdstationConversas,
    "destination-rdstation-crm": DestinationRdstationCrm,
}
SECRETS: Final = {
    "source-rdstation-crm": {"client_secret", "refresh_token", "access_token"},
    "source-rdstation-conversas": {"access_token", "private_key_jwk"},
    "destination-rdstation-crm": {
        "client_secret", "refresh_token", "access_token", "access_key_id", "secret_access_key",
    },
}  # fmt: skip
FORBIDDEN: Final = {
    "$ref", "not", "anyOf", "allOf", "patternProperties", "prefixItems", "if", "then", "else", "dependentSchemas",
    "dependentRequired",
}  # fmt: skip
"""Keywords of JSON schema that the form does not understand."""
LONGEST_TITLE: Final = 40
each_connector = pytest.mark.parametrize("connector", CONNECTORS)


def specification(connector: str) -> dict[str, Any]:
    path = ROOT / connector / connector.replace("-", "_") / "spec.yaml"
    loaded: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return loaded


def schema_of(connector: str) -> dict[str, Any]:
    schema: dict[str, Any] = specification(connector)["connectionSpecification"]
    return schema


@dataclass(frozen=True)
class Field:
    """A property somewhere in the form, or its discriminator where it is a constant."""

    path: tuple[str, ...]
    schema: Mapping[str, Any]

    @property
    def is_constant(self) -> bool:
        return "const" in self.schema


def objects(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    """Every schema that has properties, variants and list items included, with the way to it."""
    if "properties" in schema:
        yield path, dict(schema)
    for name, inner in schema.get("properties", {}).items():
        yield from objects(inner, (*path, name))
    for number, variant in enumerate(schema.get("oneOf", [])):
        yield from objects(variant, (*path, f"oneOf {number}"))
    yield from objects(schema["items"], (*path, "items")) if "items" in schema else ()


def fields(connector: str) -> list[Field]:
    return [
        Field((*path, name), inner)
        for path, schema in objects(schema_of(connector))
        for name, inner in schema["properties"].items()
    ]


@each_connector
def test_the_protocol_understands_every_word_of_it(connector: str) -> None:
    shown = CONNECTORS[connector]().spec(logging.getLogger("airbyte"))

    def without_defaults(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: without_defaults(inner) for name, inner in value.items() if inner is not None}

    known = without_defaults(ConnectorSpecificationSerializer.dump(shown))
    assert {name: known[name] for name in specification(connector)} == specification(connector)
    assert known.keys() - specification(connector).keys() <= {"supportsDBT", "supportsNormalization"}


@each_connector
def test_it_is_a_schema_of_words_that_the_form_knows(connector: str) -> None:
    jsonschema.Draft7Validator.check_schema(schema_of(connector))

    used = {word for _, schema in objects(schema_of(connector)) for word in schema}
    used |= {word for field in fields(connector) for word in field.schema}
    assert used & FORBIDDEN == set()


@each_connector
def test_every_field_has_a_title_and_says_what_it_is(connector: str) -> None:
    for field in fields(connector):
        if field.is_constant:
            continue
        title, description = field.schema["title"], field.schema["description"]
        assert title[0].isupper(), field.path
        assert len(title) <= LONGEST_TITLE, field.path
        assert not re.search(r"\((optional|required)\)", title, re.IGNORECASE), field.path
        assert description.endswith("."), field.path
        assert description != title, field.path
        assert field.schema["type"], field.path


@each_connector
def test_fields_stand_in_an_order_of_their_own(connector: str) -> None:
    for path, schema in objects(schema_of(connector)):
        places = [inner["order"] for inner in schema["properties"].values()]
        assert places == list(range(len(places))), path


@each_connector
def test_every_field_at_the_top_has_a_group_and_no_other_has(connector: str) -> None:
    schema = schema_of(connector)
    known = [group["id"] for group in schema["groups"]]
    used = [inner["group"] for inner in schema["properties"].values()]

    assert list(dict.fromkeys(used)) == known, "groups and fields have the same order"
    assert all(group["title"] for group in schema["groups"])
    assert [field.path for field in fields(connector) if len(field.path) > 1 and "group" in field.schema] == []


@each_connector
def test_variants_are_told_apart_by_a_constant(connector: str) -> None:
    for field in fields(connector):
        variants = field.schema.get("oneOf", [])
        if not variants:
            continue
        constants = [
            {name: inner for name, inner in variant["properties"].items() if "const" in inner} for variant in variants
        ]
        (name,) = set.intersection(*({*constant} for constant in constants))
        values = [constant[name]["const"] for constant in constants]
        assert field.schema["type"] == "object"
        assert len(set(values)) == len({variant["title"] for variant in variants}) == len(variants)
        for variant, constant in zip(variants, constants, strict=True):
            assert variant["type"] == "object"
            assert variant["description"].endswith(".")
            assert name in variant["required"] or variant is variants[0], "the first is meant where none is named"
            assert constant[name]["default"] == constant[name]["const"]
            assert constant[name]["type"] == "string"


@each_connector
def test_secrets_are_marked_and_nothing_else_is(connector: str) -> None:
    marked = {field.path[-1] for field in fields(connector) if field.schema.get("airbyte_secret")}

    assert marked == SECRETS[connector]
    assert find_secret_marking_errors(schema_of(connector)) == []


@each_connector
def test_examples_and_defaults_are_what_the_field_takes(connector: str) -> None:
    for field in fields(connector):
        for value in [
            *field.schema.get("examples", []),
            *([field.schema["default"]] if "default" in field.schema else []),
        ]:
            jsonschema.validate(value, field.schema)
        assert len(set(map(str, field.schema.get("enum", [])))) == len(field.schema.get("enum", []))


@each_connector
def test_a_default_is_what_the_connector_takes_where_nothing_is_set(connector: str) -> None:
    properties = schema_of(connector)["properties"]
    told = {name: field["default"] for name, field in properties.items() if "default" in field}

    model = import_module(f"{connector.replace('-', '_')}.config").Settings
    taken = {name: field.default for name, field in model.model_fields.items()}
    assert told == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in taken.items()
        if name in told or isinstance(value, bool | int | str)
    }


@each_connector
def test_a_pattern_is_told_in_words_and_by_example(connector: str) -> None:
    for field in fields(connector):
        assert ("pattern" in field.schema) == ("pattern_descriptor" in field.schema), field.path
        assert "pattern" not in field.schema or field.schema["examples"], field.path


@each_connector
def test_what_is_hidden_is_optional(connector: str) -> None:
    for path, schema in objects(schema_of(connector)):
        hidden = {name for name, inner in schema["properties"].items() if inner.get("airbyte_hidden")}
        assert hidden & {*schema.get("required", [])} == set(), path


PATTERNS = [
    pytest.param(field, id=f"{connector}:{field.path[-1]}")
    for connector in CONNECTORS
    for field in fields(connector)
    if "pattern" in field.schema
]
MATCH = """
import re, sys
pattern, *texts = sys.stdin.read().split("\\0")
print(*[bool(re.search(pattern, text)) for text in texts])
"""
LENGTH = 300_000  # what is quadratic in it takes minutes
PATIENCE_S = 60


@pytest.mark.parametrize("field", PATTERNS)
def test_given_a_hostile_text_when_matched_then_the_time_grows_with_its_length_alone(field: Field) -> None:
    beginnings = ["", *field.schema["examples"], *(f"{example}." for example in field.schema["examples"])]
    again = [" ", "0", "00", "-", "/", ":", ".", "T", "Z", "+", "a", "0-", "0/", *field.schema["examples"]]
    texts = [f"{start}{(pump * LENGTH)[:LENGTH]}!" for start in beginnings for pump in again]

    found = subprocess.run(
        [sys.executable, "-c", MATCH],
        input="\0".join([field.schema["pattern"], *texts]),
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    )

    assert set(found.stdout.split()) == {"False"}
