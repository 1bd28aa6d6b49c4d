"""Every record of every stream validates against its discovered schema."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from jsonschema import Draft7Validator, FormatChecker

from harness import V1, V2, AccountSize, Source, Version, account, discovered_schemas
from truth import INSTANT

# jsonschema checks date-times only where a further package is installed; ours are of one form anyway.


def is_instant(value: object) -> bool:
    return not isinstance(value, str) or bool(INSTANT.fullmatch(value) and datetime.fromisoformat(value[:-1]))


def is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


FORMATS = FormatChecker(formats=[])
FORMATS.checks("date-time", ValueError)(is_instant)
FORMATS.checks("date", ValueError)(is_date)


SIZE = AccountSize(contacts=300, deals=60, organizations=80, tasks=120)
CASES: dict[str, tuple[Version, dict[str, Any]]] = {
    "v2-as-documented": (V2, {}),
    "v2-odd": (
        V2,
        {"tz": "-03:00", "blank": "", "int_prices": True, "status_capitals": True, "custom_fields_keys": "id"},
    ),
    "v1-as-documented": (V1, {}),
    "v1-odd": (V1, {"v1_base_price": "number", "v1_stage_list": "bare"}),
}


@pytest.mark.parametrize("name", CASES)
def test_given_an_account_when_read_then_every_record_validates_against_the_discovered_schema(name: str) -> None:
    api, settings = CASES[name]
    with account(SIZE, **settings) as crm:
        crm.create("contacts", {"name": "Slug desconhecido", "custom_fields": {"slug-de-ontem": ["um", "dois"]}})
        schemas = discovered_schemas(crm, api)

        run = Source(crm, api).read()

        for stream in api.streams:
            validator = Draft7Validator(schemas[stream], format_checker=FORMATS)
            records = run.records(stream)
            assert records
            wrong = {
                f"{error.json_path}: {error.message}" for record in records for error in validator.iter_errors(record)
            }
            assert wrong == set()
        if api is V2:
            values = [contact["custom_fields"] for contact in run.records("contacts")]
            assert {"slug-de-ontem": ["um", "dois"]} in values
