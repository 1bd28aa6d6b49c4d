"""NaN, infinities, endless numbers and halves of characters in a cell: they cost its row at most."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from destination import Destination, mapping, record, rejects_in, sent, shared_account, state, statistics, table
from harness import Emulator, Message

TOKENS = [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"[NaN]", b"9" * 5_000, b'"\\ud83d"']


shared, crm = shared_account()


@pytest.mark.parametrize("column", ["email", "job_title", "phone", "name", "score", "@interesses", "organization_id"])
def test_given_a_cell_that_is_no_number_when_written_then_it_costs_its_row_at_most(crm: Emulator, column: str) -> None:
    columns = ["name", "email", "job_title", "phone", "@interesses", "organization_id"]
    destination = Destination(crm, partial_success=True, column_mapping=mapping(**{name: name for name in columns}))
    good = record("t", name="Ana", email="ana@people.test")
    row = orjson.dumps(record("t", **{"name": "Bia", column: "@cell"}))
    crm.clear_requests()

    run = destination.write(
        table("t", [*columns, "score"]), [good, *(row.replace(b'"@cell"', token) for token in TOKENS), state("t", 8)]
    )

    costs = 0 if column == "score" else len(TOKENS)
    assert run.exit_code == 0, run.log
    assert statistics(run) == [(float(1 + len(TOKENS) - costs), float(costs))]
    assert len(sent(crm)) == 1 + len(TOKENS) - costs


def test_given_nan_in_a_column_that_is_sent_when_no_rejects_are_allowed_then_the_sync_ends_with_the_rows_sentence(
    crm: Emulator, tmp_path: Any
) -> None:
    bad = b'{"type":"RECORD","record":{"stream":"t","data":{"name":"Bia","job_title":NaN,"big":9e999}}}'
    lines: list[Message | bytes] = [record("t", name="Ana"), state("t", 1), bad, state("t", 2)]
    storage = {"storage_type": "Local", "folder": str(tmp_path)}

    strict = Destination(crm, column_mapping=mapping(name="name", job_title="job_title")).write(
        table("t", ["name", "job_title", "big"]), lines
    )
    lenient = Destination(crm, partial_success=True, object_storage_config=storage).write(
        table("t", ["name", "job_title", "big"]), lines
    )

    assert strict.exit_code == 1
    assert "t: row 2, column job_title: this is no finite number" in strict.errors[0]["message"]
    assert statistics(strict) == [(1.0, 0.0)]
    assert lenient.exit_code == 0
    assert rejects_in(tmp_path)[0]["row"] == {"name": "Bia", "job_title": None, "big": None}


def test_given_numbers_of_many_digits_when_written_as_text_then_no_digit_is_lost(crm: Emulator) -> None:
    row = orjson.dumps(record("t", **{"name": "Ana", "@cpf": "@cell"})).replace(b'"@cell"', b"12345678901234567890123")

    run = Destination(crm).write(table("t", ["name", "@cpf"]), [row])

    assert run.exit_code == 0, run.log
    assert sent(crm) == [{"name": "Ana", "custom_fields": {"cpf": "12345678901234567890123"}}]
