"""Every stream of Conversas holds what the desk holds, in whichever of the known shapes its answers come."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft7Validator

from harness import CONVERSAS, DeskSize, Source, account, discovered, often
from test_schemas import FORMATS
from truth_conversas import LISTS, ids_held, ids_of

SIZE = DeskSize(contacts=130, messages_per_contact=8, reports=160, employees=5)
ENVELOPES = ("data", "bare", "docs", "items", "results", "named", "other", "nested")
VARIANTS: dict[str, dict[str, Any]] = {
    "as-listed": {},
    **{f"envelope-{name}": {"desk_envelope": name} for name in ENVELOPES},
    "templates-object-twice": {"desk_templates": "object_twice"},
    "templates-array-twice": {"desk_templates": "array_twice"},
    "names-as-documented": {"desk_names": "documented"},
    "no-x-headers": {"desk_x_headers": False},
    "silent-cap": {"desk_customers_cap": 20},
    "silent-cap-without-x-headers": {"desk_customers_cap": 20, "desk_x_headers": False},
    "new-order-each-walk": {"desk_unsorted": "shuffle"},
    "pages-that-overlap": {"desk_unsorted": "overlap"},
    "pages-that-overlap-without-x-headers": {"desk_unsorted": "overlap", "desk_x_headers": False},
    "reports-as-specified": {"desk_report_shape": "spec"},
    "reports-of-old": {"desk_reports_envelope": "reports"},
    "reports-of-up-to-100": {"desk_reports_limit": 100},
    "days-in-utc": {"desk_day_tz": "UTC"},
}


# The extractor's unit tests know every envelope.
LONG = {*(f"envelope-{name}" for name in ("data", "docs", "items", "results")), "templates-object-twice"}


@pytest.mark.parametrize("name", often(VARIANTS, long=LONG))
def test_given_a_known_shape_when_the_lists_are_read_then_ids_equal_the_truth_and_records_their_schemas(
    name: str,
) -> None:
    with account(desk=SIZE, **VARIANTS[name]) as crm:
        run = Source(crm, CONVERSAS).read(*LISTS)

        assert run.exit_code == 0, run.log
        assert {stream for stream in LISTS if ids_of(run, stream) != ids_held(crm, stream)} == set()
        for stream in LISTS:
            records = run.records(stream)
            assert len(records) == len(ids_held(crm, stream)), f"{stream} has repetitions"
            validator = Draft7Validator(discovered(CONVERSAS)[stream]["json_schema"], format_checker=FORMATS)
            wrong = {f"{e.json_path}: {e.message}" for record in records for e in validator.iter_errors(record)}
            assert wrong == set()
