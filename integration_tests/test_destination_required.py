"""Custom fields that the account requires: a create without one costs no request, and the check says so beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from destination import Destination, mapping, record, sent, state, statistics, table, writes
from harness import AccountSize, Emulator, account

COLUMNS: Final = {"full_name": "name", "doc": "@cpf", "origem": "@origem-do-lead"}
TINY: Final = AccountSize(contacts=1, deals=1, organizations=1, tasks=0)
REQUIRED: Final = {
    "name": "Origem do lead",
    "slug": "origem-do-lead",
    "type": "text",
    "entity": "contact",
    "options": [],
    "unique": False,
    "required_rules": [{"always": True}],
}


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        running.create("custom_fields", REQUIRED)
        yield running


def people(crm: Emulator, *columns: str, **overrides: Any) -> Destination:
    chosen = {column: COLUMNS[column] for column in columns or COLUMNS}
    return Destination(crm, column_mapping=mapping(**chosen), **{"partial_success": True, **overrides})


@pytest.mark.parametrize("columns", [("full_name", "doc", "origem"), ("full_name", "doc"), ("full_name",)])
def test_given_a_required_field_that_a_row_lacks_when_created_then_it_is_rejected_without_a_request(
    crm: Emulator, columns: tuple[str, ...]
) -> None:
    row = record("people", full_name="Ana", doc="11144477735", origem=" ")

    run = people(crm, *columns).write(table("people", columns), [row, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(0.0, 1.0)]
    assert writes(crm) == []
    (line,) = [line for line in run.log_lines("WARN") if "row 1" in line]
    assert "a new contact needs `@origem-do-lead` (Origem do lead), which the account requires" in line


def test_given_a_required_field_when_a_record_is_updated_without_it_then_it_is_written(crm: Emulator) -> None:
    held = {"cpf": "11144477735", "origem-do-lead": "Feira"}
    crm.create("contacts", {"name": "Ana", "custom_fields": held})
    rows = [record("people", full_name="Ana Nova", doc="111.444.777-35"), state("people", 1)]

    run = people(crm, "full_name", "doc").write(table("people", COLUMNS, "append_dedup", "doc"), rows)

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]
    assert sent(crm) == [{"name": "Ana Nova"}]


def test_given_a_required_field_that_does_not_fit_when_values_are_left_out_then_the_row_is_rejected_all_the_same(
    crm: Emulator,
) -> None:
    destination = people(crm, on_invalid_value="leave_field_out")

    run = destination.write(
        table("people", COLUMNS), [record("people", full_name="Ana", origem=["a", "b"]), state("people", 1)]
    )

    assert statistics(run) == [(0.0, 1.0)]
    assert writes(crm) == []


@pytest.mark.parametrize(
    ("columns", "warned"),
    [
        (("full_name", "doc", "origem"), False),
        (("full_name", "doc"), True),
        (("full_name",), True),
    ],
)
def test_given_a_required_field_when_checked_then_a_mapping_that_leaves_it_out_is_warned_of(
    crm: Emulator, columns: tuple[str, ...], warned: bool
) -> None:
    run = people(crm, *columns).check()

    (status,) = run.of_type("CONNECTION_STATUS")
    assert status["status"] == "SUCCEEDED"
    assert ("`@origem-do-lead` (Origem do lead)" in (status.get("message") or "")) is warned


def test_given_custom_fields_that_the_user_may_not_read_when_none_is_mapped_then_rows_are_written(
    crm: Emulator,
) -> None:
    crm.settings(forbidden=["custom_fields"])

    run = people(crm, "full_name").write(table("people", ["full_name"]), [record("people", full_name="Ana")])

    assert run.exit_code == 0, run.log
    assert len(writes(crm)) == 1, "RD Station itself says what is missing"
    assert "refuses the values" in run.log


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        pytest.param(
            {"field": "email", "match": "digits"}, "a `match` of `digits`, which the field `email`", id="email"
        ),
        pytest.param(
            {"field": "phone", "match": "digits"}, "a `match` of `digits`, which the field `phone`", id="phone"
        ),
        pytest.param({"field": "@cliente-desde", "match": "phone"}, "a `match` of `phone`", id="date"),
        pytest.param({"field": "@cpf", "match": "letters"}, "`column_mapping.match`", id="unknown"),
    ],
)
def test_given_a_match_that_a_field_cannot_have_when_checked_then_it_is_said(
    crm: Emulator, entry: dict[str, str], sentence: str
) -> None:
    run = Destination(crm, column_mapping=[{"column": "x", **entry}]).check()

    (status,) = run.of_type("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert sentence in status["message"]
