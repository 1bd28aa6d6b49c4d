"""What is wrong with configuration, catalog or mapping ends in a config error that names it, with nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from destination import Destination, launch, mapping, record, rejects_in, state, statistics, table, writes
from harness import AccountSize, Emulator, Message, Run, account

TINY = AccountSize(contacts=1, deals=1, organizations=1, tasks=0)
PEOPLE = {"full_name": "name", "contact_email": "email"}
TABLE = table("people", PEOPLE)
ROW = record("people", full_name="Ana Exemplo", contact_email="ana@people.test")
MANY = [f"column_{number}" for number in range(10_000)]
NESTED = b"[" * 600 + b"]" * 600
FACELESS = {"streams": [{"stream": {"name": "people"}}]}


@pytest.fixture(scope="module")
def shared() -> Iterator[Emulator]:
    with account(TINY) as running:
        running.create(
            "custom_fields", {"slug": "data_de_adesao", "entity": "contact", "type": "date", "name": "Adesão"}
        )
        yield running


@pytest.fixture
def crm(shared: Emulator) -> Emulator:
    shared.clear_requests()
    return shared


def config_error(run: Run) -> str:
    """The sentence of the one error."""
    (error,) = run.errors
    assert (run.exit_code, error["failure_type"]) == (1, "config_error")
    assert "Traceback" not in run.stdout + run.stderr
    assert run.of_type("STATE") == []
    message: str = error["message"]
    return message


@pytest.mark.parametrize(
    ("lines", "streams", "culprits"),
    [
        pytest.param(mapping(full_name="nmae"), [TABLE], ["`full_name`", "`nmae`", "`name`"], id="unknown-field"),
        pytest.param(mapping(full_name="name", contact_email="name"), [TABLE],
                     ["`full_name`", "`contact_email`", "`name`"], id="field-mapped-twice"),
        pytest.param(mapping(full_name="name", mail="email"), [TABLE], ["`mail`", "`people`"], id="no-such-column"),
        pytest.param(mapping(contact_email="email"), [TABLE], ["`name`", "`people`"], id="no-name"),
        pytest.param(mapping(full_name="name", contact_email="@data-de-adesao"), [TABLE],
                     ["`@data-de-adesao`", "`@data_de_adesao`"], id="unknown-slug"),
        pytest.param(mapping(full_name="name"), [table("people", PEOPLE, "append_dedup", "contact_email")],
                     ["`contact_email`", "`email`"], id="matching-key-not-mapped"),
        pytest.param(mapping(**PEOPLE), [table("people", PEOPLE, "append_dedup")], ["`people`", "primary key"],
                     id="no-primary-key"),
        pytest.param(mapping(**PEOPLE), [table("people", PEOPLE, "update",
                     primary_key=[["full_name"], ["contact_email"]])], ["`full_name`", "`contact_email`"],
                     id="key-of-two-columns"),
        pytest.param(mapping(**PEOPLE), [TABLE, table("orders", ["full_name"])], ["`contact_email`", "`orders`"],
                     id="mapping-that-fits-one-stream"),
        pytest.param(mapping(**PEOPLE), [table("people", PEOPLE, "overwrite")], ["`overwrite`", "append_dedup"],
                     id="sync-mode"),
        pytest.param([], [table("people", ["name"], destination_object_name="contacts")], ["`contacts`", "`contact`"],
                     id="object"),
        pytest.param(mapping(**dict.fromkeys(MANY, "email")), [table("people", MANY)],
                     ["`column_0`", "`column_1`", "`email`"], id="mapping-of-10000-lines"),
    ],
)  # fmt: skip
def test_given_a_mapping_that_cannot_work_when_written_then_the_config_error_names_the_culprit(
    crm: Emulator, lines: list[dict[str, str]], streams: list[Message], culprits: list[str]
) -> None:
    run = Destination(crm, column_mapping=lines).write(streams, [ROW, state("people", 1)])

    message = config_error(run)
    assert [culprit for culprit in culprits if culprit not in message] == []
    assert writes(crm) == []


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        pytest.param({"mode": None}, "mode", id="no-mode"),
        pytest.param({"object_storage_config": {"storage_type": "FTP"}}, "object_storage_config", id="unknown-storage"),
    ],
)
def test_given_an_option_of_another_form_when_written_then_the_config_error_names_it(
    crm: Emulator, options: dict[str, Any], culprit: str
) -> None:
    run = Destination(crm, **{"column_mapping": mapping(**PEOPLE), **options}).write(TABLE, [ROW])

    assert culprit in config_error(run)
    assert crm.requests() == []


@pytest.mark.parametrize("catalog", [b"no json", {"streams": "people"}, FACELESS])
def test_given_a_catalog_of_another_form_when_written_then_it_is_a_config_error(crm: Emulator, catalog: Any) -> None:
    run = launch("write", {"config": Destination(crm).config, "catalog": catalog})

    assert "catalog" in config_error(run)
    assert crm.requests() == []


def test_given_rows_that_cannot_be_what_the_fields_need_when_written_then_no_request_is_spent_on_them(
    crm: Emulator, tmp_path: Any
) -> None:
    columns = {**PEOPLE, "id": "_id", "org": "organization_id", "since": "@data_de_adesao", "job": "job_title"}
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    destination = Destination(
        crm, column_mapping=mapping(**columns), partial_success=True, object_storage_config=storage
    )
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("name", {"full_name": " "}),
        ("email", {"contact_email": "ana.people.test"}),
        ("_id", {"id": "123"}),
        ("organization_id", {"org": "66f1a2b3c4d5e6f70809100"}),
        ("@data_de_adesao", {"since": "31/02/2026"}),
        ("job_title", {"job": ["Compras"]}),
        ("job_title", {"job": True}),
        ("job_title", {"job": "nested"}),
    ]
    rows = [orjson.dumps(record("people", **{"full_name": "Ana Exemplo", **cells})) for _, cells in wrong]
    rows[-1] = rows[-1].replace(b'"nested"', NESTED)

    run = destination.write(table("people", columns), [*rows, state("people", len(rows))])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(0.0, float(len(wrong)))]
    assert [reject["field"] for reject in rejects_in(tmp_path)] == [field for field, _ in wrong]
    assert all(reject["rejected_reason"] for reject in rejects_in(tmp_path))
    assert writes(crm) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(b'{"type":"RECORD","record":{"stream":"peo', "Line 2 of the input is no valid JSON.", id="cut"),
        pytest.param(b'{"type":"LOG","log":"\xff"}', "Line 2 of the input is no valid JSON.", id="no-utf-8"),
        pytest.param(b"[" * 99_999, "Line 2 of the input is nested too deeply.", id="nested"),
        pytest.param(
            b'{"type":"RECORD","record":{"stream":"people","data":["Ana Exemplo"]}}',
            "Line 2 of the input is a RECORD without `data`.",
            id="data-that-is-no-object",
        ),
    ],
)
def test_given_a_line_that_nobody_can_read_when_written_then_the_sync_ends_there_with_what_came_before_written(
    crm: Emulator, line: bytes, problem: str
) -> None:
    run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLE, [ROW, line, ROW])

    assert run.exit_code == 1
    assert [problem in error["message"] for error in run.errors] == [True]
    assert "Ana Exemplo" not in run.stdout + run.stderr
    assert len(writes(crm)) == 1


def test_given_a_line_of_5_megabytes_when_written_then_it_is_a_row_as_any(crm: Emulator) -> None:
    row = record("people", full_name="Ana Exemplo", contact_email="ana@people.test", unmapped="x" * 5_000_000)

    run = Destination(crm, column_mapping=mapping(**PEOPLE)).write(TABLE, [row, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]


def test_given_columns_that_are_no_fields_when_nothing_is_mapped_then_one_warning_names_them(crm: Emulator) -> None:
    run = Destination(crm).write(
        table("people", ["name", "email", "full_name"]), [record("people", name="Ana Exemplo", full_name="Ana")]
    )

    assert run.exit_code == 0, run.log
    assert [line for line in run.log_lines("WARN") if "`full_name`" in line] == run.log_lines("WARN") != []
    assert [request["body"]["data"] for request in writes(crm)] == [{"name": "Ana Exemplo"}]
