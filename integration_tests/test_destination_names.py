"""Names of columns as tables have them: with marks that nobody sees, and those that Airbyte adds."""

from __future__ import annotations

from typing import Any

import pytest

from destination import Destination, mapping, record, rejects_in, sent, shared_account, state, statistics, table
from harness import Emulator, Message, Run

MARKS = {
    "bom": "\ufeffemail",
    "zero-width-space": "e\u200bmail",
    "joiners": "e\u200d\u200cm\u2060ail",
    "soft-hyphen": "e\u00admail",
    "direction": "\u200eemail\u200f",
    "no-break-space": "\u00a0email\u202f",
    "control": "email\x00\x1f",
    "several": "\ufeff\u200b email \u00a0",
}


shared, crm = shared_account()


def failure(run: Run) -> str:
    (error,) = run.errors
    assert run.exit_code == 1
    message: str = error["message"]
    return message


def ana(column: str, address: str = "ana@people.test") -> Message:
    return record("people", **{column: address, "name": "Ana Exemplo"})


@pytest.mark.parametrize("marked", [*MARKS.values()], ids=[*MARKS])
@pytest.mark.parametrize("where", ["catalog", "rows", "mapping", "field", "key", "everywhere"])
def test_given_an_invisible_mark_in_a_columns_name_when_written_then_it_does_not_count(
    crm: Emulator, marked: str, where: str
) -> None:
    def name(place: str) -> str:
        return marked if where in (place, "everywhere") else "email"

    address = f"{where}.{len(marked)}.{MARKS['bom'] == marked}@people.test".lower()
    lines = [{"column": name("mapping"), "field": name("field")}, {"column": "name", "field": "name"}]
    streams = table("people", [name("catalog"), "name"], "append_dedup", name("key"))

    run = Destination(crm, column_mapping=lines if where != "catalog" else []).write(
        streams, [ana(name("rows"), address), state("people", 1)]
    )

    assert run.exit_code == 0, run.log
    assert run.log_lines("WARN") == []
    assert [body.get("emails") for body in sent(crm)] in ([[{"email": address}]], [])
    assert address in {each["email"] for row in crm.truth("contacts") for each in row["emails"]}


@pytest.mark.parametrize("lines", [[], mapping(email="email", name="name")], ids=["unmapped", "mapped"])
def test_given_two_columns_that_look_the_same_when_written_then_the_config_error_shows_why(
    crm: Emulator, lines: list[dict[str, str]]
) -> None:
    run = Destination(crm, column_mapping=lines).write(
        table("people", ["email", "\ufeffemail", "name"]), [ana("email"), state("people", 1)]
    )

    assert "`email` and `\\ufeffemail`" in failure(run)
    assert "`people`" in failure(run)
    assert sent(crm) == []


def test_given_two_columns_that_look_the_same_and_are_not_sent_when_written_then_the_row_is(crm: Emulator) -> None:
    run = Destination(crm, column_mapping=mapping(email="email", name="name")).write(
        table("people", ["email", "name", "note", "note\u200b"]), [ana("email"), state("people", 1)]
    )

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]


def test_given_a_row_with_two_cells_for_one_column_when_written_then_that_row_is_rejected(
    crm: Emulator, tmp_path: Any
) -> None:
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    destination = Destination(crm, partial_success=True, object_storage_config=storage)
    twice = record("people", **{"email": "a@people.test", "\ufeffemail": "b@people.test", "name": "Ana"})

    run = destination.write(table("people", ["email", "name"]), [twice, ana("email"), state("people", 2)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0)]
    assert "invisible characters" in rejects_in(tmp_path)[0]["rejected_reason"]


def test_given_an_unknown_column_with_an_invisible_mark_when_written_then_messages_show_it_as_an_escape(
    crm: Emulator,
) -> None:
    warned = Destination(crm).write(table("people", ["name", "\ufeffma\u00a0il"]), [ana("name")])
    refused = Destination(crm, column_mapping=mapping(**{"name": "name", "m\u200bai": "email"})).write(
        table("people", ["name", "mail\ufeff"]), [ana("name")]
    )
    unknown = Destination(crm, column_mapping=[{"column": "\ufeffname", "field": "n\u200bmae"}]).write(
        table("people", ["name"]), [ana("name")]
    )

    assert any("`\\ufeffma\\u00a0il`" in line for line in warned.log_lines("WARN"))
    assert "`m\\u200bai`" in failure(refused)
    assert "`mail\\ufeff`" in failure(refused)
    assert "`\\ufeffname`" in failure(unknown)
    for run in (warned, refused, unknown):
        assert not {"\ufeff", "\u200b", "\\ufeffma\u00a0il"} & set(run.stdout)


def test_given_columns_that_airbyte_adds_when_written_then_there_is_no_warning_and_they_are_not_sent(
    crm: Emulator,
) -> None:
    added = ["_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_source_file_url", "_airbyte_meta", "_AIRBYTE_EXTRACTED_AT"]
    row = record("people", name="Ana Exemplo", **dict.fromkeys(added, "x"))

    run = Destination(crm).write(table("people", ["name", *added]), [row, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert run.log_lines("WARN") == []
    assert sent(crm) == [{"name": "Ana Exemplo"}]
