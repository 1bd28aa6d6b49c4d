"""Rows that are deleted at their source: neither created nor updated, and told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from destination import Destination, record, sent, state, statistics, table
from harness import AccountSize, Emulator, Message, account

TINY = AccountSize(contacts=2, deals=1, organizations=1, tasks=0)


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


@pytest.mark.parametrize(
    ("column", "value", "left"),
    [
        ("_ab_cdc_deleted_at", "2026-01-01T00:00:00Z", ""),
        ("_AB_CDC_DELETED_AT", "2026-01-01T00:00:00Z", ""),
        ("_sdc_deleted_at", "2026-01-01T00:00:00Z", ""),
        ("_fivetran_deleted", True, False),
        ("__deleted", "true", "false"),
    ],
)
def test_given_rows_that_are_deleted_at_the_source_when_written_then_they_are_skipped_counted_and_told_once(
    crm: Emulator, tmp_path: Any, column: str, value: Any, left: Any
) -> None:
    results = tmp_path / "results.jsonl"
    configured = table("t", ["name", "email", column], "append_dedup", "email")

    def row(number: int, mark: Any) -> Message:
        return record(
            "t", **{"name": None if mark == value else "Ana", "email": f"p{number}@people.test", column: mark}
        )

    rows = [row(1, value), row(2, None), row(3, left), row(4, value)]
    run = Destination(crm, results_path=str(results)).write(configured, [*rows, state("t", 4)])

    assert run.exit_code == 0, run.log
    assert {body["emails"][0]["email"] for body in sent(crm)} == {"p2@people.test", "p3@people.test"}
    assert statistics(run) == [(4.0, 0.0)]
    assert run.log_lines("WARN") == []
    assert len([line for line in run.log_lines("INFO") if column in line]) == 1
    assert "t: 2 created, 0 updated, 0 unchanged, 0 rejected, 2 skipped." in run.log_lines("INFO")
    outcomes = [orjson.loads(line)["outcome"] for line in results.read_bytes().splitlines()]
    assert outcomes == ["skipped", "created", "created", "skipped"]
