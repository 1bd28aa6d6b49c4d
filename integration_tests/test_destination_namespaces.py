"""Streams whose namespace the catalog names and the messages do not, or the other way round; streams of one name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from destination import Destination, record, rejects_in, shared_account, state, statistics, table, writes
from harness import Emulator, Message

shared, crm = shared_account()


def named(message: Message, namespace: str | None) -> Message:
    """The same message with a namespace, wherever its kind has it."""
    if message["type"] == "RECORD":
        return {**message, "record": {**message["record"], "namespace": namespace}}
    inner = message["state"]["stream"] if message["type"] == "STATE" else message["trace"]["stream_status"]
    inner["stream_descriptor"]["namespace"] = namespace
    return message


def status(stream: str, said: str) -> Message:
    told = {"stream_descriptor": {"name": stream}, "status": said}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": told}}


def spaced(name: str, namespace: str | None) -> Message:
    configured = table(name, ["name"])
    configured["stream"] |= {"namespace": namespace}
    return configured


@pytest.mark.parametrize(("in_catalog", "in_lines"), [("public", None), (None, "public"), ("public", "")])
def test_given_a_namespace_on_one_side_only_when_written_then_the_streams_name_tells(
    crm: Emulator, in_catalog: str | None, in_lines: str | None
) -> None:
    lines = [record("people", name="Ana Exemplo"), state("people", 1), status("people", "INCOMPLETE")]

    run = Destination(crm).write(
        [spaced("people", in_catalog), spaced("more", "sales")], [named(line, in_lines) for line in lines]
    )

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]
    ends = {
        (told["stream_descriptor"]["name"], told["stream_descriptor"].get("namespace")): told["status"]
        for trace in run.of_type("TRACE")
        if (told := trace.get("stream_status"))
    }
    assert ends == {("people", in_catalog): "INCOMPLETE", ("more", "sales"): "COMPLETE"}


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["RECORD", "STATE", "STREAM_STATUS"])
@pytest.mark.parametrize(
    ("in_catalog", "in_lines", "told"),
    [
        (["public", "sales"], None, ["without a namespace", "`public`", "`sales`"]),
        (["public"], "sales", ["`sales`", "`public`"]),
        ([None, "public"], "sales", ["`sales`", "`public`", "without a namespace"]),
    ],
)
def test_given_a_namespace_that_leaves_the_stream_open_when_written_then_the_sentence_shows_both(
    crm: Emulator, kind: int, in_catalog: list[str | None], in_lines: str | None, told: list[str]
) -> None:
    line = [record("people", name="Ana Exemplo"), state("people", 1), status("people", "INCOMPLETE")][kind]

    run = Destination(crm).write([spaced("people", each) for each in in_catalog], [named(line, in_lines)])

    (error,) = run.errors
    assert (run.exit_code, error["failure_type"]) == (1, "config_error")
    assert [part for part in [*told, "`people`"] if part not in error["message"]] == []
    assert writes(crm) == []


def test_given_streams_of_one_name_when_written_then_each_keeps_its_key_its_rows_and_its_sums(
    crm: Emulator, tmp_path: Path
) -> None:
    """By the name alone, the key of one plan would be read from the other's column, and the sums be of both."""
    columns, results = ["name", "email"], tmp_path / "results.jsonl"
    by_name, by_email = (table("people", columns, "append_dedup", key) for key in ("name", "email"))
    by_email["stream"]["namespace"] = "sales"
    other = spaced("more", "sales")
    rows = [record("people", name="Ana Um", email="um@people.test"), record("people", name="Ana Dois", email="no")]
    lines = [*rows, *(named(row, "sales") for row in rows), named(record("more", name="Ana Quatro"), "sales")]
    storage = {"storage_type": "Local", "folder": str(tmp_path / "rejects")}

    destination = Destination(crm, partial_success=True, object_storage_config=storage, results_path=str(results))
    run = destination.write([by_name, by_email, other], lines)

    assert run.exit_code == 0, run.log
    found = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    assert {(line["stream"], line.get("namespace"), line["row_number"], line["matching_key"]) for line in found} == {
        ("people", None, 1, "Ana Um"),
        ("people", None, 2, "Ana Dois"),
        ("people", "sales", 1, "um@people.test"),
        ("people", "sales", 2, "no"),
        ("more", None, 1, None),
    }
    rejects = rejects_in(tmp_path / "rejects")
    assert [(each["stream"], each.get("namespace"), each["row_number"]) for each in rejects] == [
        ("people", None, 2),
        ("people", "sales", 2),
    ]
    assert [line.partition(", column email: ")[0] for line in run.log_lines("WARN")] == [
        "people: row 2",
        "sales.people: row 2",
    ]
    assert [line for line in run.log_lines("INFO") if " created, " in line] == [
        "more: 1 created, 0 updated, 0 unchanged, 0 rejected.",
        "people: 1 created, 0 updated, 0 unchanged, 1 rejected.",
        "sales.people: 0 created, 0 updated, 1 unchanged, 1 rejected.",
    ]


def test_given_streams_of_one_name_when_a_row_ends_the_sync_then_the_sentence_tells_whose_it_is(crm: Emulator) -> None:
    configured = [spaced("people", "public"), spaced("people", "sales")]

    run = Destination(crm).write(configured, [named(record("people", name=""), "sales")])

    (error,) = run.errors
    assert error["message"].startswith("sales.people: row 1, column name: ")
