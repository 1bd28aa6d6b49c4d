"""A STATE comes back as it was sent, with the counts of its rows, and only once they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer

from destination import Destination, launch, mapping, record, rejects_in, state, statistics, table, writes
from destination_rdstation_crm.destination import DestinationRdstationCrm
from destination_rdstation_crm.writing.crm_api import Crm
from harness import AccountSize, Emulator, Run, account

pytestmark = pytest.mark.waits(50)

PEOPLE = {"full_name": "name", "contact_email": "email"}
TABLE = table("people", PEOPLE)
TINY = AccountSize(contacts=3, deals=1, organizations=3, tasks=0)
ROW = record("people", full_name="Ana", contact_email="ana@people.test")
ODD_STATE = (
    b'{ "type" : "STATE", "state":{"type":"STREAM","stream":{"stream_descriptor":{"name":"people"},"stream_state":'
    b'{"big":123456789012345678901234567890,"exact":1.10000000000000000000001,'
    b'"text":"\\u00e9\\/ \xc3\xa9 }\\"{","e":1E400}},'
    b'"id":42,"sourceStats":{"recordCount":1.0},"unknown":[{"a":null}]  }, "more":true}'
)
NO_DATA = b'{"type":"RECORD","record":{"stream":"people"}}'
FOREIGN = orjson.dumps(record("others", full_name="Ana Exemplo"))


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


def people(crm: Emulator, **overrides: Any) -> Destination:
    return Destination(crm, column_mapping=mapping(**PEOPLE), **overrides)


def test_given_a_state_in_any_spelling_when_written_then_every_byte_of_it_comes_back(crm: Emulator) -> None:
    run = people(crm).write(TABLE, [ROW, ODD_STATE])

    (line,) = [line.text for line in run.lines if b'"STATE"' in line.text]
    added = b',"destinationStats":{"recordCount":1.0,"rejectedRecordCount":0.0}'
    assert line.replace(added, b"") == ODD_STATE
    assert line != ODD_STATE


def test_given_an_input_that_stays_open_when_a_state_has_come_then_its_echo_does_not_wait(crm: Emulator) -> None:
    def echoed(run: Run) -> bool:
        return any(b'"STATE"' in line.text for line in run.lines)

    run = people(crm).write(TABLE, [ROW, state("people", 1, id=1)], open_until=echoed)

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]


def test_given_an_input_that_stays_open_without_a_state_when_rows_grow_old_then_they_are_written(crm: Emulator) -> None:
    run = people(crm).write(TABLE, [ROW], open_until=lambda _: bool(writes(crm)))

    assert run.exit_code == 0, run.log
    assert len(writes(crm)) == 1


def test_given_two_streams_and_a_global_state_when_written_then_each_state_counts_its_own_rows(crm: Emulator) -> None:
    streams = [TABLE, table("more", PEOPLE)]
    bad = record("people", full_name="Bia", contact_email="no e-mail")
    everything = {"type": "STATE", "state": {"type": "GLOBAL", "global": {"stream_states": []}, "id": 9}}
    oldest = {"type": "STATE", "state": {"data": {"cursor": 1}}}
    messages = [ROW, bad, record("more", full_name="Cai"), state("people", 1), record("more", full_name="Davi"),
                state("more", 1), ROW, record("more", full_name="Edu"), everything, oldest]  # fmt: skip

    run = people(crm, partial_success=True).write(streams, messages)

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0), (2.0, 0.0), (2.0, 0.0), (0.0, 0.0)]
    assert run.outcomes == {"people": "COMPLETE", "more": "COMPLETE"}


def test_given_a_failing_row_when_rejects_are_not_allowed_then_what_came_before_is_written_and_acknowledged(
    crm: Emulator,
) -> None:
    rows = [record("people", full_name=f"Pessoa {number}") for number in range(6)]
    bad = record("people", full_name="Pessoa 6", contact_email="no e-mail")
    messages = [*rows[:3], state("people", 3), *rows[3:], bad, state("people", 7), ROW, state("people", 8)]

    run = people(crm).write(TABLE, messages)

    assert run.exit_code == 1
    assert len(writes(crm)) == 6
    assert statistics(run) == [(3.0, 0.0)]
    assert run.outcomes == {"people": "INCOMPLETE"}
    (error,) = run.errors
    assert error["failure_type"] == "config_error"
    assert error["message"].startswith("people: row 7, column contact_email: an e-mail is needed")


def test_given_a_mistake_in_the_code_when_it_ends_a_batch_then_what_came_before_is_acknowledged_and_kept(
    crm: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create = Crm.create

    def mistaken(self: Crm, of: Any, body: Mapping[str, Any]) -> Any:
        return create(self, of, body if body["name"] != "Pessoa 4" else body["no such key"])

    monkeypatch.setattr(Crm, "create", mistaken)
    config = people(crm, num_workers=1, results_path=str(tmp_path / "results.jsonl")).config
    rows = [record("people", full_name=f"Pessoa {number}") for number in range(6)]
    messages = [*rows[:3], state("people", 3), *rows[3:], state("people", 6)]
    catalog = ConfiguredAirbyteCatalogSerializer.load({"streams": [TABLE]})

    with pytest.raises(KeyError):  # `run` makes a sentence of it
        DestinationRdstationCrm().write(config, catalog, map(orjson.dumps, messages))

    printed = [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]
    states = [line["state"] for line in printed if line["type"] == "STATE"]
    kept = [each["outcome"] for each in map(orjson.loads, (tmp_path / "results.jsonl").read_bytes().splitlines())]
    assert len(writes(crm)) == 4
    assert [each["stream"]["stream_state"] for each in states] == [{"position": 3}]
    assert kept == ["created"] * 4


def test_given_a_mix_of_faults_when_written_then_accepted_and_rejected_are_all_the_rows(
    crm: Emulator, tmp_path: Any
) -> None:
    crm.settings(commit_then_timeout_every=7)
    for seed, kind in enumerate(("500", "503", "reset", "truncate", "drop_after_write", "429")):
        more: dict[str, Any] = {"retry_after": "1"} if kind == "429" else {}
        crm.fault(kind, path="/crm/v2/contacts", times=None, probability=0.02, seed=seed, **more)
    columns = {**PEOPLE, "org": "organization_id"}
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    destination = Destination(
        crm, column_mapping=mapping(**columns), partial_success=True, object_storage_config=storage
    )
    rows = [
        record("people", full_name=f"Pessoa {number}", org="f" * 24 if number % 11 == 0 else None,
               contact_email="no e-mail" if number % 7 == 0 else f"p{number}@people.test")
        for number in range(200)
    ]  # fmt: skip
    messages = [
        message
        for number, row in enumerate(rows)
        for message in (row, *([state("people", number)] * (number % 50 == 49)))
    ]

    run = destination.write(table("people", columns, "append_dedup", "contact_email"), messages)

    rejected = sum(number % 7 == 0 or number % 11 == 0 for number in range(200))
    created = [row["name"] for row in crm.truth("contacts") if row["name"].startswith("Pessoa ")]
    assert run.exit_code == 0, run.log
    assert [sum(pair) for pair in statistics(run)] == [50.0] * 4
    assert sum(pair[1] for pair in statistics(run)) == rejected == len(rejects_in(tmp_path))
    assert len(created) == len(set(created)) == 200 - rejected


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        pytest.param(b"Ana Exemplo", "Line 2 of the input is no valid JSON.", id="no-json"),
        pytest.param(b'["Ana Exemplo"]', "Line 2 of the input is no JSON object.", id="no-object"),
        pytest.param(NO_DATA, "Line 2 of the input is a RECORD without `data`.", id="no-data"),
        pytest.param(b'{"type":"STATE"}', "Line 2 of the input has no object `state`.", id="no-state"),
        pytest.param(FOREIGN, "a stream that the catalog does not name: others.", id="unknown-stream"),
    ],
)  # fmt: skip
def test_given_a_line_that_no_platform_sends_when_written_then_it_is_named_without_its_content(
    crm: Emulator, line: bytes, problem: str
) -> None:
    run = people(crm).write(TABLE, [ROW, line, ROW])

    assert run.exit_code == 1
    assert problem in run.errors[0]["message"]
    assert "Ana Exemplo" not in run.stdout + run.stderr
    assert len(writes(crm)) == 1


def test_given_messages_of_other_kinds_when_written_then_they_pass_by(crm: Emulator) -> None:
    others = [b"", b"  ", b'{"type":"LOG","log":{"level":"INFO","message":"x"}}', b'{"type":"NEWEST"}', b"{}",
              b'{"type":"TRACE","trace":{"type":"ANALYTICS","emitted_at":1}}']  # fmt: skip

    run = people(crm).write(TABLE, [*others, ROW, *others, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 0.0)]


def test_given_a_rate_limit_when_it_is_waited_for_then_that_is_logged_and_statuses_name_streams_of_the_catalog_only(
    crm: Emulator,
) -> None:
    crm.fault("429", method="POST", path="/contacts", retry_after="1")

    run = people(crm).write(TABLE, [ROW, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert run.outcomes == {"people": "COMPLETE"}
    assert "POST /crm/v2/contacts -> 429: waiting for the rate limit." in run.log_lines("INFO")


def test_given_a_source_that_broke_off_when_written_then_its_stream_is_not_called_complete(crm: Emulator) -> None:
    broken = {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1, "stream_status": {
        "stream_descriptor": {"name": "people"}, "status": "INCOMPLETE"}}}  # fmt: skip

    run = people(crm).write(TABLE, [ROW, state("people", 1), broken])

    assert run.exit_code == 0, run.log
    assert run.outcomes == {"people": "INCOMPLETE"}
    assert statistics(run) == [(1.0, 0.0)]


@pytest.mark.parametrize("command", ["check", "write", "discover"])
@pytest.mark.parametrize("content", [b"[]", b"no json", b"{}"], ids=["list", "text", "empty"])
def test_given_a_configuration_that_is_none_when_run_then_it_is_a_config_error(command: str, content: bytes) -> None:
    files: dict[str, Any] = {"config": content} | ({"catalog": {"streams": []}} if command == "write" else {})

    run = launch(command, files)

    if command == "check":
        assert run.exit_code == 0
        assert [status["status"] for status in run.of_type("CONNECTION_STATUS")] == ["FAILED"]
    else:
        assert run.exit_code == 1
        assert [error["failure_type"] for error in run.errors] == ["config_error"]
