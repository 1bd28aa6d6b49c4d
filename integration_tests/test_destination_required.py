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


REFUSALS: Final = ("403", "400", "422", "404")
TRIED_AGAIN: Final = [
    pytest.param("500", marks=pytest.mark.waits(12)),
    pytest.param("html_200", marks=pytest.mark.waits(12)),
    "repeat_page",
]


@pytest.fixture
def without_list(crm: Emulator, request: pytest.FixtureRequest) -> Emulator:
    """The account, whose list of custom fields cannot be had."""
    if request.param == "403":
        crm.settings(forbidden=["custom_fields"])
    else:
        crm.fault(request.param, path="/custom_fields$", times=None)
    if request.param == "repeat_page":
        for number in range(200):
            crm.create("custom_fields", {**REQUIRED, "slug": f"campo-{number}", "required_rules": []})
    return crm


@pytest.mark.parametrize("without_list", [*REFUSALS, *TRIED_AGAIN], indirect=True)
def test_given_no_list_of_custom_fields_when_none_is_mapped_then_rows_are_written_and_one_line_says_what_is_unknown(
    without_list: Emulator,
) -> None:
    email = without_list.create("contacts", {"name": "Bia", "emails": [{"email": "bia@people.test"}]})[0]["emails"]
    columns = {"full_name": "name", "mail": "email"}
    people = table("people", columns, "append_dedup", "mail")
    firms = table("firms", ["name"], destination_object_name="organization")
    rows = [
        record("people", full_name="Bia Nova", mail=email[0]["email"]),
        record("people", full_name="Ana", mail="ana@people.test"),
        record("firms", name="Firma Nova"),
        state("people", 1),
    ]
    destination = Destination(without_list, column_mapping=mapping(**columns), partial_success=True)

    run = destination.write([people, firms], rows)

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0)]
    assert "Firma Nova" in {row["name"] for row in without_list.truth("organizations")}
    assert [line for line in run.log_lines("WARN") if "row 2" in line and "refuses the values (422)" in line]
    for stream, name in (("people", "contact"), ("firms", "organization")):
        (line,) = [each for each in run.log_lines("WARN") if f"`{stream}`" in each]
        assert f"it is not known which custom fields the account requires of each new {name}" in line
        assert "custom_fields: " in line


@pytest.mark.parametrize("without_list", REFUSALS, indirect=True)
def test_given_no_list_of_custom_fields_when_one_is_mapped_then_nothing_is_written_and_it_says_what_to_do(
    without_list: Emulator,
) -> None:
    run = people(without_list, "full_name", "doc").write(
        table("people", ["full_name", "doc"]), [record("people", full_name="Ana", doc="11144477735")]
    )

    assert run.exit_code == 1
    assert writes(without_list) == []
    (error,) = run.errors
    assert error["message"].startswith("custom_fields: ")
    assert "it is not known what `@cpf` takes" in error["message"]
    assert "map none to a custom field" in error["message"]


@pytest.mark.parametrize("without_list", REFUSALS, indirect=True)
def test_given_no_list_of_custom_fields_when_checked_then_it_fails_only_where_one_is_mapped(
    without_list: Emulator,
) -> None:
    (plain,) = people(without_list, "full_name").check().of_type("CONNECTION_STATUS")
    (mapped,) = people(without_list, "full_name", "doc").check().of_type("CONNECTION_STATUS")

    assert plain["status"] == "SUCCEEDED"
    assert "It is not known which custom fields" in plain["message"]
    assert mapped["status"] == "FAILED"
    assert "`@cpf`" in mapped["message"]


@pytest.mark.parametrize("without_list", REFUSALS, indirect=True)
def test_given_no_list_of_custom_fields_when_any_could_be_a_column_then_it_is_an_error(without_list: Emulator) -> None:
    untold = table("people", [])
    untold["stream"]["json_schema"] = {"type": "object"}

    written = Destination(without_list).write(untold, [record("people", name="Ana")])
    discovered = Destination(without_list).discover()

    assert (written.exit_code, discovered.exit_code) == (1, 1)
    assert [error["message"].split(":")[0] for error in (*written.errors, *discovered.errors)] == ["custom_fields"] * 2
    assert writes(without_list) == []


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
