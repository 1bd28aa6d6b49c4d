"""Rows of one record in one batch: one body with the effect of all, unless one row empties what another fills."""

from __future__ import annotations

from typing import Any

import pytest
from planned import body, plan_for

from destination_rdstation_crm.mapping.record_type import at_odds


def bodies(mode: str, *rows: dict[str, Any]) -> list[Any]:
    return [body(mode, row, send_nulls=True) for row in rows]


def together(mode: str, *rows: dict[str, Any]) -> dict[str, Any]:
    columns = dict.fromkeys(name for row in rows for name in row)
    return plan_for(mode, *columns, send_nulls=True).record_type.combined(bodies(mode, *rows))


def test_given_two_rows_when_combined_then_later_values_win_and_lists_join() -> None:
    whole = together(
        "contacts",
        {"name": "Antes", "job_title": "Compras", "email": "a@people.test", "@cpf": "1"},
        {"name": "Depois", "email": "b@people.test", "@porte": "Pequeno"},
    )

    assert whole == {
        "name": "Depois",
        "job_title": "Compras",
        "emails": [{"email": "b@people.test"}, {"email": "a@people.test"}],
        "custom_fields": {"cpf": "1", "porte": "Pequeno"},
    }


def test_given_a_row_that_empties_fields_when_combined_with_an_earlier_one_then_they_are_emptied() -> None:
    whole = together(
        "contacts",
        {"name": "Ana", "job_title": "Compras", "phone": "1"},
        {"job_title": None, "email": None, "phone": None, "@cpf": None},
    )

    assert whole == {"name": "Ana", "job_title": None, "emails": [], "phones": [], "custom_fields": {"cpf": None}}


@pytest.mark.parametrize(
    ("mode", "rows", "expected"),
    [
        pytest.param("contacts", [{"email": None}, {"email": "a@people.test"}], True, id="emptied-then-filled"),
        pytest.param("contacts", [{"email": None}, {}, {"email": "a@people.test"}], True, id="with-one-between"),
        pytest.param("contacts", [{"email": "a@people.test"}, {"email": None}], False, id="filled-then-emptied"),
        pytest.param("contacts", [{"email": None}, {"email": None}], False, id="emptied-twice"),
        pytest.param("contacts", [{"job_title": None}, {"job_title": "Compras"}], False, id="single-value"),
        pytest.param("contacts", [{"@cpf": None}, {"@cpf": "1"}], False, id="custom-field"),
        pytest.param("contacts", [{"facebook": None}, {"facebook": None}], False, id="no-profile-twice"),
        pytest.param("contacts", [{"facebook": None}, {"linkedin": "ana"}], True, id="another-profile"),
        pytest.param("contacts", [{"facebook": "ana"}, {"facebook": None}], True, id="profile-then-none"),
        pytest.param("organizations", [{"address": None}, {"address": "Rua A"}], True, id="address"),
    ],
)
def test_given_a_row_that_empties_what_another_fills_when_asked_then_they_are_at_odds(
    mode: str, rows: list[dict[str, Any]], expected: bool
) -> None:
    assert at_odds(bodies(mode, *rows)) is expected
