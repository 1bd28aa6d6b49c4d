"""Rows that cannot be written are kept for their owner, in a folder or in S3, before their STATE comes back."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import orjson
import pytest
import requests

from destination import Destination, mapping, record, rejects_in, state, statistics, table, writes
from harness import AccountSize, Emulator, account
from servers import altering, closed_port

PEOPLE = {"full_name": "name", "contact_email": "email", "org": "organization_id"}
TABLE = table("people", PEOPLE)
TINY = AccountSize(contacts=3, deals=1, organizations=3, tasks=0)
UNKNOWN_ID = "f" * 24
GOOD = record("people", full_name="Ana", contact_email="ana@people.test")
NO_EMAIL = record("people", full_name="Bia", contact_email="no e-mail", note={"unmapped": [1.5]})
REFUSED = record("people", full_name="Cai", org=UNKNOWN_ID)
BUCKET = "rejects-bucket"
KEYS = {"aws_access_key_id": "invented", "aws_secret_access_key": "invented", "region_name": "sa-east-1"}


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    from moto.server import ThreadedMotoServer  # here: it takes half a second, in each worker

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    requests.post(f"http://{host}:{port}/moto-api/reset", timeout=10)  # what it holds, this process had before
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **KEYS)
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"})
    try:
        yield client
    finally:
        client.close()
        server.stop()


def in_s3(s3: Any, **overrides: Any) -> dict[str, Any]:
    return {
        "storage_type": "S3",
        "s3_bucket_name": BUCKET,
        "s3_bucket_region": "sa-east-1",
        "s3_endpoint": s3.meta.endpoint_url,
        "access_key_id": "invented",
        "secret_access_key": "invented",
        **overrides,
    }


def people(crm: Emulator, **overrides: Any) -> Destination:
    return Destination(crm, **{"column_mapping": mapping(**PEOPLE), "partial_success": True, **overrides})


def objects_in(s3: Any) -> dict[str, bytes]:
    found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read() for each in found}


def test_given_rejected_rows_when_kept_in_a_folder_then_each_has_its_row_and_reason(
    crm: Emulator, tmp_path: Path
) -> None:
    folder = tmp_path / "made" / "by the sync"
    storage = {"storage_type": "Local", "folder": str(folder)}

    run = people(crm, object_storage_config=storage).write(TABLE, [GOOD, NO_EMAIL, REFUSED, state("people", 3)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 2.0)]
    local, remote = rejects_in(folder)
    assert local == {
        "stream": "people",
        "row_number": 2,
        "rejected_reason": local["rejected_reason"],
        "column": "contact_email",
        "field": "email",
        "api_message": None,
        "row": NO_EMAIL["record"]["data"],
    }
    assert (remote["row_number"], remote["column"], remote["field"]) == (3, "org", "organization_id")
    assert remote["api_message"] == "organization_id not found"
    assert remote["row"] == REFUSED["record"]["data"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert len(writes(crm)) == 2, "what can be known to be wrong costs no request"


def test_given_many_rows_that_fail_alike_when_written_then_the_log_names_some_and_counts_all(
    crm: Emulator, tmp_path: Path
) -> None:
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    more = [record("people", full_name="Bia", contact_email="no e-mail", org="none") for _ in range(130)]

    run = people(crm, object_storage_config=storage).write(TABLE, [GOOD, NO_EMAIL, *more, REFUSED, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 132.0)]
    assert len(rejects_in(tmp_path)) == 132
    warned = run.log_lines("WARN")
    assert [line for line in warned if line.startswith("people: row 2, ")]
    assert len(warned) == 20 + 20 + 1 + 2
    assert warned[-2:] == [
        "people, column contact_email: … and 111 more rows for the same reason, 131 in all: an e-mail is needed.",
        "people, column org: … and 110 more rows for the same reason, 130 in all: an RD Station id is needed.",
    ]


@pytest.mark.parametrize("on_invalid_value", ["reject_row", "leave_field_out"])
def test_given_a_column_that_fills_two_fields_when_it_fits_neither_then_each_row_counts_once(
    crm: Emulator, on_invalid_value: str
) -> None:
    crm.create("custom_fields", {"name": "Desde", "type": "date", "entity": "contact", "slug": "desde"})
    both = [*mapping(full_name="name", day="birthday"), *mapping(day="@desde")]
    rows = [record("people", full_name=f"Pessoa {number}", day="soon") for number in range(30)]

    run = people(crm, column_mapping=both, on_invalid_value=on_invalid_value).write(
        table("people", ["full_name", "day"]), rows
    )

    *warned, last = run.log_lines("WARN")
    assert len(warned) == 20
    assert "column day: … and 10 more rows for the same reason, 30 in all: " in last


def test_given_a_row_with_several_mistakes_when_rejected_then_each_is_told(crm: Emulator, tmp_path: Path) -> None:
    columns = {**PEOPLE, "size": "@porte"}
    crm.create("custom_fields", {"name": "Porte", "type": "option", "entity": "contact", "slug": "porte",
                                 "options": [f"Vendas da Bia {number}" for number in range(12)]})  # fmt: skip
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    bad = record("people", full_name="Ana", contact_email="no e-mail", org=UNKNOWN_ID, size="médio")

    run = people(crm, column_mapping=mapping(**columns), object_storage_config=storage).write(
        table("people", columns), [bad, state("people", 1)]
    )
    ended = people(crm, column_mapping=mapping(**columns), partial_success=False).write(table("people", columns), [bad])

    (line,) = rejects_in(tmp_path)
    (other,) = line["others"]
    assert (line["column"], other["column"], other["field"]) == ("contact_email", "size", "@porte")
    assert other["reason"].startswith(
        "this is none of the field's options, and the field allows no new ones: `Vendas da"
    )
    assert other["reason"].endswith(" and `Vendas da Bia 9`, and 2 more")
    assert [warned.partition(": ")[2].partition(":")[0] for warned in run.log_lines("WARN")] == [
        "row 1, column contact_email",
        "row 1, column size",
    ]
    assert "Vendas da Bia" not in run.log + ended.log
    assert "; row 1, column size: this is none of the field's options" in ended.errors[0]["message"]


def test_given_a_file_of_results_when_written_to_by_two_syncs_then_each_line_tells_of_which(
    crm: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "results.jsonl"
    destination = people(crm, results_path=str(path))

    for _ in range(2):
        destination.write(TABLE, [GOOD, NO_EMAIL])

    first, again, *others = [orjson.loads(line)["run"] for line in path.read_bytes().splitlines()]
    assert first == again
    assert others == others[::-1] != [first, again]


def test_given_a_refusal_in_the_words_of_api_v1s_plans_when_written_then_it_is_the_rows_alone(crm: Emulator) -> None:
    def alter(_path: str, body: bytes) -> bytes:
        return b'{"errors":[{"error_type":"ACCESS_DENIED"}]}' if b"organization_id not found" in body else body

    with altering(crm.base_url, alter) as url:
        run = people(crm, api_base_url=url).write(TABLE, [REFUSED, GOOD, state("people", 2)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 1.0)]


def test_given_rows_in_forms_that_json_hardly_has_when_rejected_then_they_are_kept_all_the_same(
    crm: Emulator, tmp_path: Path
) -> None:
    odd = (
        b'{"type":"RECORD","record":{"stream":"people","emitted_at":1,"data":{"full_name":"\\ud800",'
        b'"contact_email":123456789012345678901234567890}}}'
    )
    storage = {"storage_type": "Local", "folder": str(tmp_path)}

    run = people(crm, object_storage_config=storage).write(TABLE, [odd, state("people", 1)])

    assert run.exit_code == 0, run.log
    assert statistics(run) == [(0.0, 1.0)]
    (path,) = tmp_path.iterdir()
    assert b'"full_name": "\\ud800", "contact_email": 123456789012345678901234567890' in path.read_bytes()


def test_given_rejected_rows_when_kept_in_s3_then_each_batch_is_an_object(
    crm: Emulator, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKER_JOB_ID", "4711")
    destination = people(crm, object_storage_config=in_s3(s3, bucket_path="/rejected/rdstation/"))
    first_batch = [GOOD, *[NO_EMAIL] * 99, state("people", 100)]

    run = destination.write(TABLE, [*first_batch, NO_EMAIL, state("people", 101)])

    kept = objects_in(s3)
    assert run.exit_code == 0, run.log
    assert statistics(run) == [(1.0, 99.0), (0.0, 1.0)]
    assert [len(content.splitlines()) for _, content in sorted(kept.items())] == [99, 1]
    assert all(key.startswith("rejected/rdstation/4711/rejected-") for key in kept)
    assert orjson.loads(sorted(kept.items())[1][1])["row_number"] == 101


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        pytest.param({"s3_bucket_name": "no-such-bucket"}, "s3_bucket_name", id="bucket"),
        pytest.param({"s3_endpoint": "ftp://somewhere.test"}, "s3_endpoint", id="endpoint"),
        pytest.param({"bucket_path": "a/../../b"}, "bucket_path", id="path"),
        pytest.param({"s3_bucket_region": "São Paulo"}, "s3_bucket_region", id="region"),
    ],
)
@pytest.mark.parametrize("command", ["check", "write"])
def test_given_a_store_that_is_set_up_wrongly_when_run_then_it_is_said_before_anything_is_written(
    crm: Emulator, s3: Any, command: str, wrong: dict[str, str], named: str
) -> None:
    destination = people(crm, object_storage_config=in_s3(s3, **wrong))

    run = destination.check() if command == "check" else destination.write(TABLE, [GOOD, state("people", 1)])

    told = [status["message"] for status in run.of_type("CONNECTION_STATUS") if status["status"] == "FAILED"]
    told += [error["message"] for error in run.errors if error["failure_type"] == "config_error"]
    assert [named in sentence for sentence in told] == [True]
    assert [request for request in writes(crm) if request["method"] == "POST"] == []


def test_given_a_store_that_does_not_answer_when_checked_then_its_address_and_setting_are_named(
    crm: Emulator, s3: Any
) -> None:
    nowhere = closed_port()
    run = people(crm, object_storage_config=in_s3(s3, s3_endpoint=nowhere)).check()

    (status,) = run.of_type("CONNECTION_STATUS")
    sentence = "does not answer. Check `s3_endpoint`, the network and the firewall."
    assert status["message"] == f"`object_storage_config`: {urlsplit(nowhere).netloc} {sentence}"


@pytest.mark.parametrize("folder", ["../elsewhere", "/srv/a/../../etc", "/proc/no-folder-of-ours"])
def test_given_a_folder_that_leads_elsewhere_or_cannot_be_made_when_written_then_it_is_a_config_error(
    crm: Emulator, folder: str
) -> None:
    storage = {"storage_type": "Local", "folder": folder}

    run = people(crm, object_storage_config=storage).write(TABLE, [GOOD])

    assert run.exit_code == 1
    assert [error["failure_type"] for error in run.errors] == ["config_error"]
    assert "object_storage_config.folder" in run.errors[0]["message"]
    assert writes(crm) == []


def test_given_a_hundred_rows_that_fail_alike_when_written_then_the_sync_stops_and_says_so(
    crm: Emulator, tmp_path: Path
) -> None:
    storage = {"storage_type": "Local", "folder": str(tmp_path)}
    rows = [record("people", full_name=f"Pessoa {number}", org=UNKNOWN_ID) for number in range(150)]
    rows[7] = record("people", full_name="Not Found", org=UNKNOWN_ID)  # words that RD Station says of each row

    run = people(crm, object_storage_config=storage).write(TABLE, [*rows[:50], state("people", 50), *rows[50:]])

    assert run.exit_code == 1
    assert [error["failure_type"] for error in run.errors] == ["config_error"]
    assert "each of the first 100 rows is rejected for the same reason" in run.errors[0]["message"]
    assert run.of_type("STATE") == []
    assert len(writes(crm)) == 100
    assert len(rejects_in(tmp_path)) == 100


def test_given_a_stream_whose_rows_all_fail_when_the_sync_stops_then_rows_of_another_do_not_come_again(
    crm: Emulator,
) -> None:
    bad = [record("more", full_name="Cai", org=UNKNOWN_ID)] * 50
    good = [record("people", full_name=f"Pessoa {number}") for number in range(60)]
    rows = [*bad, *good, state("people", 60), *bad, state("more", 100)]

    run = people(crm).write([TABLE, table("more", PEOPLE)], rows)

    assert "more: each of the first 100 rows" in run.errors[0]["message"]
    assert len([row for row in crm.truth("contacts") if row["name"].startswith("Pessoa")]) == 60
    assert [each["stream"]["stream_descriptor"]["name"] for each in run.of_type("STATE")] == ["people"]
    assert statistics(run) == [(60.0, 0.0)]


def test_given_a_results_path_when_written_then_every_row_has_its_id_or_none(crm: Emulator, tmp_path: Path) -> None:
    held = crm.create("contacts", {"name": "Dora", "emails": [{"email": "dora@people.test"}]})[0]
    same = record("people", full_name="Dora", contact_email="dora@people.test")
    changed = record("people", full_name="Dora Nova", contact_email="dora@people.test")
    results = tmp_path / "results.jsonl"
    destination = people(crm, results_path=str(results))
    configured = table("people", PEOPLE, "append_dedup", "contact_email")

    run = destination.write(configured, [GOOD, NO_EMAIL, same, state("people", 3)])
    again = destination.write(configured, [changed])

    created = next(row["id"] for row in crm.truth("contacts") if row["name"] == "Ana")
    lines = [orjson.loads(line) for line in results.read_bytes().splitlines()]
    assert run.exit_code == again.exit_code == 0, run.log
    assert [(line["row_number"], line["matching_key"], line["_id"], line["outcome"]) for line in lines] == [
        (1, "ana@people.test", created, "created"),
        (2, "no e-mail", None, "rejected"),
        (3, "dora@people.test", held["id"], "unchanged"),
        (1, "dora@people.test", held["id"], "updated"),
    ]


def test_given_access_that_is_refused_when_written_then_no_row_is_rejected_for_it(
    crm: Emulator, tmp_path: Path
) -> None:
    crm.settings(forbidden=["contacts"])
    storage = {"storage_type": "Local", "folder": str(tmp_path)}

    run = people(crm, object_storage_config=storage).write(TABLE, [GOOD, state("people", 1)])

    assert run.exit_code == 1
    assert [error["failure_type"] for error in run.errors] == ["config_error"]
    assert run.of_type("STATE") == []
    assert rejects_in(tmp_path) == []
