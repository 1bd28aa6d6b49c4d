"""Values that do not fit are left out where that is chosen: the rest of their row is written, and nothing is hidden."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson
import pytest

from destination import (
    Destination,
    mapping,
    record,
    rejects_in,
    sent,
    shared_account,
    state,
    statistics,
    table,
    values_in,
    writes,
)
from harness import AccountSize, Emulator, Message, account

COLUMNS: Final = {
    **{"full_name": "name", "doc": "@cpf", "mail": "email", "faixa": "@faixa-de-compra"},
    **{"desde": "@cliente-desde", "org": "organization_id", "gostos": "@interesses"},
}
UPSERT: Final = table("people", COLUMNS, "append_dedup", "doc")
APPEND: Final = table("people", COLUMNS)
UNKNOWN_ID: Final = "f" * 24

shared, crm = shared_account()


@pytest.fixture(autouse=True)
def as_usual(crm: Emulator) -> Iterator[None]:
    yield
    crm.settings(option_error="unnamed", gone_options=[], invalid_status="422")


def people(crm: Emulator, folder: Path, **overrides: Any) -> Destination:
    storage = {"storage_type": "Local", "folder": str(folder / "rejects")}
    chosen = {"on_invalid_value": "leave_field_out", "partial_success": True, "object_storage_config": storage}
    results = str(folder / "results.jsonl")
    return Destination(crm, column_mapping=mapping(**COLUMNS), results_path=results, **{**chosen, **overrides})


def results_in(folder: Path) -> list[Message]:
    return [orjson.loads(line) for line in (folder / "results.jsonl").read_bytes().splitlines()]


def kept_in(folder: Path) -> list[Message]:
    return rejects_in(folder / "rejects")


def test_given_values_that_do_not_fit_when_left_out_then_the_rest_is_written_and_each_is_told(
    crm: Emulator, tmp_path: Path
) -> None:
    row = record("people", full_name="Ana", doc="111.444.777-35", faixa="9", desde="ontem", mail="ana@people.test")

    run = people(crm, tmp_path).write(UPSERT, [row, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]
    (body,) = sent(crm)
    assert body == {"name": "Ana", "custom_fields": {"cpf": "111.444.777-35"}, "emails": [{"email": "ana@people.test"}]}
    (line,) = kept_in(tmp_path)
    (result,) = results_in(tmp_path)
    assert line == {
        "stream": "people",
        "row_number": 1,
        "outcome": "written in part",
        "_id": result["_id"],
        "left_out": [
            {
                "column": "faixa",
                "field": "@faixa-de-compra",
                "reason": "this is none of the field's options, and the field allows no new ones: `1`, `2` and `3`",
                "api_message": None,
            },
            {
                "column": "desde",
                "field": "@cliente-desde",
                "reason": "a date is needed: YYYY-MM-DD, a date-time, or DD/MM/YYYY",
                "api_message": None,
            },
        ],
        "row": row["record"]["data"],
    }
    assert (result["outcome"], result["left_out"]) == ("created", ["@faixa-de-compra", "@cliente-desde"])
    assert run.log_lines("WARN") == [
        "people: row 1, column faixa: left out, since this is none of the field's options, and the field allows no new "
        "ones",
        "people: row 1, column desde: left out, since a date is needed: YYYY-MM-DD, a date-time, or DD/MM/YYYY",
    ]
    assert run.log_lines("INFO")[-1].endswith("; 1 of them written in part.")


def test_given_a_number_without_its_digits_and_an_address_without_a_domain_when_left_out_then_neither_is_written(
    crm: Emulator, tmp_path: Path
) -> None:
    row = record("people", full_name="Ana", doc="5.3E+10", mail="fabio.reis@acme")

    run = people(crm, tmp_path).write(APPEND, [row, state("people", 1)])

    assert statistics(run) == [(1.0, 0.0)]
    assert sent(crm) == [{"name": "Ana"}]
    assert [each["column"] for each in kept_in(tmp_path)[0]["left_out"]] == ["doc", "mail"]


def test_given_a_value_that_does_not_fit_when_updated_then_the_field_keeps_what_the_crm_holds(
    crm: Emulator, tmp_path: Path
) -> None:
    held = {"cpf": "222.444.777-35", "faixa-de-compra": "2"}
    id_ = crm.create("contacts", {"name": "Bia", "custom_fields": held})[0]["id"]
    row = record("people", full_name="Bia Nova", doc="22244477735", faixa="9")

    run = people(crm, tmp_path).write(UPSERT, [row, state("people", 1)])

    assert run.exit_code == 0, run.log
    (after,) = [each for each in crm.truth("contacts") if each["id"] == id_]
    assert (after["name"], after["custom_fields"]) == ("Bia Nova", held)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        pytest.param({"doc": "isento", "full_name": "Cai"}, "the matching key has no digits", id="matching-key"),
        pytest.param({"doc": ["1"], "full_name": "Cai"}, "a text is needed", id="matching-key-of-no-text"),
        pytest.param({"doc": "33344477735", "full_name": True}, "a text is needed", id="name-of-a-new-record"),
    ],
)
def test_given_what_no_record_can_do_without_when_it_does_not_fit_then_the_row_is_rejected_for_that(
    crm: Emulator, tmp_path: Path, cells: dict[str, Any], reason: str
) -> None:
    run = people(crm, tmp_path).write(UPSERT, [record("people", **cells), state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(0.0, 1.0)]
    (line,) = kept_in(tmp_path)
    assert line["rejected_reason"].startswith(reason)
    assert writes(crm) == []


def test_given_a_name_that_does_not_fit_when_the_record_is_there_then_it_keeps_its_name(
    crm: Emulator, tmp_path: Path
) -> None:
    crm.create("contacts", {"name": "Davi", "emails": [], "custom_fields": {"cpf": "44444477735"}})
    row = record("people", doc="444.444.777-35", full_name=True, mail="davi@people.test")

    run = people(crm, tmp_path).write(UPSERT, [row, state("people", 1)])

    assert statistics(run) == [(1.0, 0.0)]
    assert sent(crm) == [{"emails": [{"email": "davi@people.test"}]}]


@pytest.mark.parametrize("status", ["422", "400"])
def test_given_a_refusal_that_names_one_field_when_left_out_then_the_row_is_tried_again_once_without_it(
    crm: Emulator, tmp_path: Path, status: str
) -> None:
    crm.settings(option_error="slug", gone_options=["3"], invalid_status=status)
    row = record("people", full_name="Eva", faixa="3")

    run = people(crm, tmp_path).write(APPEND, [row, state("people", 1)])

    assert statistics(run) == [(1.0, 0.0)]
    assert sent(crm) == [{"name": "Eva", "custom_fields": {"faixa-de-compra": "3"}}, {"name": "Eva"}]
    (line,) = kept_in(tmp_path)
    assert line["left_out"] == [
        {
            "column": "faixa",
            "field": "@faixa-de-compra",
            "reason": f"RD Station refuses the values ({status}): faixa-de-compra não é válido",
            "api_message": "faixa-de-compra não é válido",
        }
    ]


@pytest.mark.parametrize(
    ("error", "cells", "tries", "words"),
    [
        pytest.param("unnamed", {"faixa": "3"}, 1, "Contact custom fields Não é válido", id="names-none"),
        pytest.param(
            "slug",
            {"faixa": "3", "org": UNKNOWN_ID},
            2,
            "faixa-de-compra não é válido",
            id="a-second-one-after-the-first",
        ),
    ],
)
def test_given_a_refusal_that_leaving_out_one_field_does_not_mend_when_written_then_the_row_is_rejected(
    crm: Emulator, tmp_path: Path, error: str, cells: dict[str, Any], tries: int, words: str
) -> None:
    crm.settings(option_error=error, gone_options=["3"])

    run = people(crm, tmp_path).write(APPEND, [record("people", full_name="Flor", **cells), state("people", 1)])

    assert statistics(run) == [(0.0, 1.0)]
    assert len(writes(crm)) == tries
    assert [line["rejected_reason"] for line in kept_in(tmp_path)] == [f"RD Station refuses the values (422): {words}"]


def test_given_rows_are_rejected_as_usual_when_a_value_does_not_fit_then_nothing_is_left_out(
    crm: Emulator, tmp_path: Path
) -> None:
    crm.settings(option_error="slug", gone_options=["3"])
    rows = [record("people", full_name="Gil", faixa=option) for option in ("3", "9")]

    run = people(crm, tmp_path, on_invalid_value="reject_row").write(APPEND, [*rows, state("people", 1)])

    assert statistics(run) == [(0.0, 2.0)]
    assert len(writes(crm)) == 1
    assert "in part" not in run.log


def test_given_a_creation_whose_answer_is_lost_when_a_field_was_left_out_then_it_is_found_and_told(
    crm: Emulator, tmp_path: Path
) -> None:
    crm.settings(commit_then_timeout=1)
    row = record("people", full_name="Hugo Perdido", mail="hugo@people.test", faixa="9")

    run = people(crm, tmp_path).write(APPEND, [row, state("people", 1)])

    assert statistics(run) == [(1.0, 0.0)]
    assert [each["name"] for each in crm.truth("contacts")].count("Hugo Perdido") == 1
    assert [line["outcome"] for line in kept_in(tmp_path)] == ["written in part"]


def test_given_rejected_rows_end_a_sync_when_a_value_is_left_out_then_it_goes_on_and_the_row_is_kept(
    crm: Emulator, tmp_path: Path
) -> None:
    rows = [record("people", full_name="Iara", faixa="9"), record("people", full_name="Joel")]

    run = people(crm, tmp_path, partial_success=False).write(APPEND, [*rows, state("people", 2)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(2.0, 0.0)]
    assert [line["outcome"] for line in kept_in(tmp_path)] == ["written in part"]


def test_given_a_dry_run_when_values_do_not_fit_then_rows_that_would_be_written_in_part_are_counted(
    crm: Emulator, tmp_path: Path
) -> None:
    run = people(crm, tmp_path, dry_run=True).write(APPEND, [record("people", full_name="Ivo", faixa="9")])

    assert run.exit_code == 0, run.log
    assert run.log_lines("INFO")[-1].endswith(
        "1 to create, 0 to update, 0 unchanged, 0 to reject; 1 of them written in part."
    )
    assert writes(crm) == []


def test_given_a_thousand_rows_of_which_some_are_bad_when_left_out_then_every_sum_agrees(tmp_path: Path) -> None:
    good = [{"doc": f"{900_000_000_00 + number * 13}", "full_name": f"Pessoa {number}"} for number in range(1_000)]
    bad = {number: {"faixa": "Vip Segredo"} for number in range(0, 1_000, 10)}  # 100
    bad |= {number: {"desde": "dia 32 de Segredo"} for number in range(5, 1_000, 20)}  # 50
    bad |= {number: {"doc": "sem número Segredo"} for number in range(7, 1_000, 50)}  # 20
    rows = [record("people", **{**cells, "faixa": "1", **bad.get(number, {})}) for number, cells in enumerate(good)]
    with account(AccountSize(contacts=1, deals=1, organizations=1, tasks=0)) as crm:
        run = people(crm, tmp_path).write(UPSERT, [*rows[:600], state("people", 600), *rows[600:], state("people", 1)])

        written = [row for row in crm.truth("contacts") if str(row["name"]).startswith("Pessoa ")]

    assert run.exit_code == 0, run.log
    assert [sum(counts) for counts in zip(*statistics(run), strict=True)] == [980.0, 20.0]
    kept = kept_in(tmp_path)
    assert Counter(line.get("outcome", "rejected") for line in kept) == {"written in part": 150, "rejected": 20}
    assert [line["row_number"] for line in kept] == sorted(number + 1 for number in bad)
    results = results_in(tmp_path)
    assert Counter(line["outcome"] for line in results) == {"created": 980, "rejected": 20}
    assert sum("left_out" in line for line in results) == 150
    assert len(written) == 980
    assert run.log_lines("INFO")[-1] == (
        "people: 980 created, 0 updated, 0 unchanged, 20 rejected; 150 of them written in part."
    )
    assert values_in(run, ["Segredo", "Pessoa 1", good[1]["doc"]]) == set()


def test_given_a_unique_value_that_another_record_has_when_refused_then_no_double_of_it_is_created() -> None:
    field = {"name": "Registro", "slug": "registro", "type": "text", "entity": "contact", "options": []}
    columns = {"full_name": "name", "mail": "email", "number": "@registro"}
    with account(AccountSize(contacts=1, deals=1, organizations=1, tasks=0)) as crm:
        crm.create("custom_fields", {**field, "unique": True, "required_rules": []})
        crm.create("contacts", {"name": "Ana", "custom_fields": {"registro": "77"}})
        settings = {"on_invalid_value": "leave_field_out", "partial_success": True}
        row = record("people", full_name="Ana", mail="ana@exemplo.test", number="77")

        run = Destination(crm, column_mapping=mapping(**columns), **settings).write(
            table("people", columns, "append_dedup", "mail"), [row, state("people", 1)]
        )

        assert statistics(run) == [(0.0, 1.0)]
        assert [each["name"] for each in crm.truth("contacts")].count("Ana") == 1
