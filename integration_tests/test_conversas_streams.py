"""Every stream of Conversas holds what the account holds, in whichever of the known shapes its answers come."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from harness import CONVERSAS, ConversasSize, Source, account, discovered, often
from test_schemas import FORMATS
from truth_conversas import LISTS, ids_held, ids_of

SIZE = ConversasSize(contacts=130, messages_per_contact=8, reports=160, employees=5)
ENVELOPES = ("data", "bare", "docs", "items", "results", "named", "other", "nested")
VARIANTS: dict[str, dict[str, Any]] = {
    "as-listed": {},
    **{f"envelope-{name}": {"conversas_envelope": name} for name in ENVELOPES},
    "templates-object-twice": {"conversas_templates": "object_twice"},
    "templates-array-twice": {"conversas_templates": "array_twice"},
    "names-as-documented": {"conversas_names": "documented"},
    "no-x-headers": {"conversas_x_headers": False},
    "silent-cap": {"conversas_customers_cap": 20},
    "silent-cap-without-x-headers": {"conversas_customers_cap": 20, "conversas_x_headers": False},
    "new-order-each-walk": {"conversas_unsorted": "shuffle"},
    "pages-that-overlap": {"conversas_unsorted": "overlap"},
    "pages-that-overlap-without-x-headers": {"conversas_unsorted": "overlap", "conversas_x_headers": False},
    "reports-as-specified": {"conversas_report_shape": "spec"},
    "reports-of-old": {"conversas_reports_envelope": "reports"},
    "reports-of-up-to-100": {"conversas_reports_limit": 100},
    "days-in-utc": {"conversas_day_tz": "UTC"},
}


# The extractor's unit tests know every envelope.
LONG = {*(f"envelope-{name}" for name in ("data", "docs", "items", "results")), "templates-object-twice"}


@pytest.mark.parametrize("name", often(VARIANTS, long=LONG))
def test_given_a_known_shape_when_the_lists_are_read_then_ids_equal_the_truth_and_records_their_schemas(
    name: str,
) -> None:
    with account(conversas=SIZE, **VARIANTS[name]) as crm:
        run = Source(crm, CONVERSAS).read(*LISTS)

        assert run.exit_code == 0, run.log
        assert {stream for stream in LISTS if ids_of(run, stream) != ids_held(crm, stream)} == set()
        for stream in LISTS:
            records = run.records(stream)
            assert len(records) == len(ids_held(crm, stream)), f"{stream} has repetitions"
            validator = Draft7Validator(discovered(CONVERSAS)[stream]["json_schema"], format_checker=FORMATS)
            wrong = {f"{e.json_path}: {e.message}" for record in records for e in validator.iter_errors(record)}
            assert wrong == set()
