"""The three objects: each field's place and form on the wire, and what a creation demands."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from planned import ID, OTHER_ID, body, plan_for

from destination_rdstation_crm.objects.tables import MODES, OBJECTS
from destination_rdstation_crm.row import RowRejectedError
from emulator.crm_v2.fields import OBJECTS as WRITABLE


@pytest.mark.parametrize(
    ("mode", "field", "cell", "expected"),
    [
        ("contacts", "name", "Ana Exemplo", {"name": "Ana Exemplo"}),
        ("contacts", "email", " ana@exemplo.test", {"emails": [{"email": "ana@exemplo.test"}]}),
        ("contacts", "phone", "(11) 90000-0001", {"phones": [{"phone": "(11) 90000-0001", "type": "mobile"}]}),
        ("contacts", "phone", 5511900000001, {"phones": [{"phone": "5511900000001", "type": "mobile"}]}),
        ("contacts", "job_title", "Compras", {"job_title": "Compras"}),
        ("contacts", "organization_id", ID, {"organization_id": ID}),
        ("contacts", "birthday", "0000-09-11", {"birthday": "0000-09-11"}),
        ("contacts", "birthday", "11/09/1990", {"birthday": "1990-09-11"}),
        ("contacts", "linkedin", "ana", {"social_profiles": [{"type": "linkedin", "username": "ana"}]}),
        ("contacts", "facebook", "ana", {"social_profiles": [{"type": "facebook", "username": "ana"}]}),
        ("deals", "status", "Won", {"status": "won"}),
        ("deals", "contact_id", ID, {"contact_ids": [ID]}),
        ("deals", "contact_id", f"{ID},{OTHER_ID}", {"contact_ids": [ID, OTHER_ID]}),
        ("deals", "contact_id", [ID, OTHER_ID], {"contact_ids": [ID, OTHER_ID]}),
        *(
            ("deals", name, ID, {name: ID})
            for name in (
                *("organization_id", "stage_id", "pipeline_id", "owner_id", "campaign_id", "source_id"),
                "lost_reason_id",
            )
        ),
        ("deals", "expected_close_date", "30/09/2026", {"expected_close_date": "2026-09-30"}),
        ("deals", "rating", "3", {"rating": 3}),
        ("organizations", "website", "https://aurora.test", {"url": "https://aurora.test"}),
        ("organizations", "phone", "1133330000", {"phone": "1133330000"}),
        ("organizations", "owner_id", ID, {"owner_id": ID}),
        ("organizations", "segment_ids", f"{ID}, {OTHER_ID}", {"segment_ids": [ID, OTHER_ID]}),
        ("organizations", "description", "Rede", {"description": "Rede"}),
        ("organizations", "address", "Rua A, 10", {"address": {"line": "Rua A, 10"}}),
        (
            "organizations",
            "address",
            {"line": "Rua A", "latitude": -8.05, "longitude": None},
            {"address": {"line": "Rua A", "latitude": "-8.05"}},
        ),
    ],
)
def test_given_a_cell_when_prepared_then_its_form_is_the_wires(
    mode: str, field: str, cell: Any, expected: dict[str, Any]
) -> None:
    assert body(mode, {"name": "Exemplo", field: cell}) == {"name": "Exemplo", **expected}
    checks = WRITABLE[mode].checks
    assert all(checks[key](value) for key, value in expected.items() if key in checks)  # all but that phone


@pytest.mark.parametrize("field", ["one_time_price", "recurrence_price"])
@pytest.mark.parametrize("cell", [100, "100", 100.0])
def test_given_a_whole_price_when_serialized_then_it_has_a_decimal_point(field: str, cell: Any) -> None:
    assert orjson.dumps(body("deals", {"name": "x", field: cell})[field]) == b"100.0"


def test_given_two_profiles_when_prepared_then_they_share_their_list() -> None:
    prepared = body("contacts", {"name": "Ana", "linkedin": "ana-l", "facebook": "ana-f"})

    assert prepared["social_profiles"] == [
        {"type": "linkedin", "username": "ana-l"},
        {"type": "facebook", "username": "ana-f"},
    ]


@pytest.mark.parametrize(
    ("mode", "field", "cell"),
    [
        ("contacts", "name", True),
        ("contacts", "name", ["Ana"]),
        ("contacts", "job_title", {"a": "b"}),
        ("contacts", "email", "ana"),
        ("contacts", "organization_id", "12"),
        ("deals", "contact_id", "Ana"),
        ("deals", "one_time_price", "caro"),
        ("deals", "rating", 9),
        ("deals", "status", "open"),
        ("organizations", "segment_ids", "Varejo"),
        ("organizations", "address", {"street": "Rua A"}),
        ("organizations", "address", 5 < 6),
    ],
)
def test_given_a_cell_that_does_not_fit_when_prepared_then_the_reject_names_column_and_field(
    mode: str, field: str, cell: Any
) -> None:
    with pytest.raises(RowRejectedError) as rejected:
        body(mode, {"name": "Exemplo", field: cell})

    assert (rejected.value.column, rejected.value.field_name) == (field, field)


def test_given_objects_when_looked_up_then_modes_and_names_lead_to_the_same() -> None:
    assert {made.mode: made for made in OBJECTS.values()} == dict(MODES)
    assert [(made.name, made.path, made.entity) for made in MODES.values()] == [
        ("contact", "/contacts", "contact"),
        ("deal", "/deals", "deal"),
        ("organization", "/organizations", "organization"),
    ]


@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("stated", [{}, {"name": None}, {"name": " "}])
def test_given_no_name_when_created_then_the_reject_names_its_column(mode: str, stated: dict[str, Any]) -> None:
    with pytest.raises(RowRejectedError, match="needs a name") as rejected:
        plan_for(mode, "name").creation(stated)

    assert (rejected.value.column, rejected.value.field_name) == ("name", "name")


@pytest.mark.parametrize("status", ["won", "lost", "paused"])
def test_given_a_closed_deal_when_created_then_it_is_rejected_with_the_reason(status: str) -> None:
    with pytest.raises(RowRejectedError, match="ongoing") as rejected:
        plan_for("deals", "name", "status").creation({"name": "x", "status": status})

    assert rejected.value.column == "status"


@pytest.mark.parametrize("stated", [{}, {"status": "ongoing"}])
def test_given_a_deal_when_created_then_it_goes_out_ongoing(stated: dict[str, Any]) -> None:
    assert plan_for("deals", "name").creation({"name": "x", **stated}) == {"name": "x", "status": "ongoing"}


def test_given_a_deal_to_update_when_prepared_then_no_status_is_invented() -> None:
    assert "status" not in body("deals", {"_id": ID, "name": "x"})


def test_given_emptied_fields_when_created_then_they_are_left_out() -> None:
    cells = {
        **{"name": "Ana", "email": None, "phone": "", "job_title": None, "linkedin": None, "facebook": "ana"},
        **{"@cpf": None, "@interesses": None, "@nota": "5"},
    }
    plan = plan_for("contacts", *cells, send_nulls=True)

    assert plan.creation(body("contacts", cells, send_nulls=True)) == {
        "name": "Ana",
        "social_profiles": [{"type": "facebook", "username": "ana"}],
        "custom_fields": {"nota": "5"},
    }
