"""Files of results and rejects: a place that cannot hold them is refused before anything is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from destination import Destination, mapping, record, state, table, writes
from harness import AccountSize, Emulator, Run, account

TINY = AccountSize(contacts=1, deals=1, organizations=1, tasks=0)
TABLE = table("people", ["full_name"])
ROWS = [record("people", full_name="Ana Exemplo"), state("people", 1)]
PLACES = ("device", "pipe", "folder", "link", "below-a-file", "upwards")


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(TINY) as running:
        yield running


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Paths at which no file of results can be."""
    pipe, file, link = tmp_path / "pipe", tmp_path / "file", tmp_path / "link"
    os.mkfifo(pipe)
    file.touch()
    link.symlink_to(file)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # opening the other end does not fail then
    found = ("/dev/full", pipe, tmp_path, link, file / "results.jsonl", tmp_path / ".." / "results.jsonl")
    try:
        yield dict(zip(PLACES, map(str, found), strict=True))
    finally:
        os.close(reader)


def sentences(run: Run) -> list[str]:
    """What `check` or a config error says."""
    failed = [each["message"] for each in run.of_type("CONNECTION_STATUS") if each["status"] == "FAILED"]
    return failed + [each["message"] for each in run.errors if each["failure_type"] == "config_error"]


@pytest.mark.parametrize("place", PLACES)
def test_given_a_place_that_holds_no_file_when_results_are_to_go_there_then_nothing_is_written(
    crm: Emulator, places: dict[str, str], place: str
) -> None:
    destination = Destination(crm, column_mapping=mapping(full_name="name"), results_path=places[place])
    crm.clear_requests()

    checked, written = destination.check(), destination.write(TABLE, ROWS)

    assert ["`results_path`" in sentence for sentence in sentences(checked) + sentences(written)] == [True, True]
    assert written.of_type("STATE") == []
    assert [request for request in writes(crm) if request["method"] == "POST"] == []


def test_given_a_file_whose_last_line_was_cut_when_results_are_added_then_they_are_lines_of_their_own(
    crm: Emulator, tmp_path: Path
) -> None:
    results = tmp_path / "results.jsonl"
    results.write_bytes(b'{"stream":"people"}\n{"stream":"peo')
    destination = Destination(crm, column_mapping=mapping(full_name="name"), results_path=str(results))

    run = destination.write(TABLE, ROWS)

    *_, cut, added = results.read_bytes().splitlines()
    assert run.exit_code == 0, run.log
    assert cut == b'{"stream":"peo'
    assert orjson.loads(added)["outcome"] == "created"


@pytest.mark.parametrize("setting", ["results_path", "object_storage_config"])
def test_given_a_place_that_a_sync_does_not_need_when_it_holds_no_file_then_only_the_check_fails(
    crm: Emulator, tmp_path: Path, setting: str
) -> None:
    """A dry run keeps no results; without `partial_success` no reject is kept."""
    file = tmp_path / "file"
    file.touch()
    wrong = {"results_path": str(file / "results.jsonl"),
             "object_storage_config": {"storage_type": "Local", "folder": str(file)}}  # fmt: skip
    destination = Destination(crm, column_mapping=mapping(full_name="name"), dry_run=True, **{setting: wrong[setting]})

    checked, written = destination.check(), destination.write(TABLE, ROWS)

    assert [f"`{setting}" in sentence for sentence in sentences(checked)] == [True]
    assert (written.exit_code, written.errors) == (0, []), written.log


def test_given_a_dry_run_when_written_then_no_results_are_kept(crm: Emulator, tmp_path: Path) -> None:
    results = tmp_path / "results.jsonl"
    destination = Destination(crm, column_mapping=mapping(full_name="name"), dry_run=True, results_path=str(results))

    assert destination.write(TABLE, ROWS).exit_code == 0
    assert not results.exists()
