"""`make push`: a DuckDB table into the CRM with one command, the newest tokens kept in the configuration."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness import AccountSize, Emulator, account

ROOT = Path(__file__).parents[1]
ROWS = [("Ana Inventada", "ana@people.test"), ("Davi Inventado", "davi@people.test"), ("Sem Correio", "correio")]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "people.duckdb"
    with duckdb.connect(str(path)) as tables:
        tables.execute("CREATE TABLE people (full_name TEXT, mail TEXT)")
        tables.executemany("INSERT INTO people VALUES (?, ?)", ROWS)
    return path


def configured(crm: Emulator, folder: Path, **more: Any) -> Path:
    config = crm.config()
    mapping = [{"column": "full_name", "field": "name"}, {"column": "mail", "field": "email"}]
    credentials = {name: value for name, value in config["credentials"].items() if name != "api_version"}
    path = folder / "config.json"
    path.write_text(
        json.dumps({**config, "credentials": credentials, "mode": "contacts", "column_mapping": mapping, **more})
    )
    return path


def push(config: Path, database: Path, table: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "demo.push", str(config), "--db", str(database), "--table", table]
    command += more or ["--key", "mail"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def last_line(run: subprocess.CompletedProcess[str]) -> str:
    return run.stdout.strip().splitlines()[-1]


def test_given_a_table_when_pushed_twice_then_it_is_there_once_and_the_tokens_are_the_newest(
    database: Path, tmp_path: Path
) -> None:
    with account(AccountSize(contacts=3)) as crm:
        config = configured(crm, tmp_path, partial_success=True)
        crm.expire_access_tokens()

        first, second = push(config, database, "people"), push(config, database, "people")

        assert last_line(first) == "3 rows done: 2 created, 1 rejected."
        assert "0 created, 0 updated, 2 unchanged, 1 rejected" in second.stdout
        assert last_line(second) == "3 rows done: 2 unchanged, 1 rejected."
        assert set(json.loads(config.read_text())) == {*crm.config(), "mode", "column_mapping", "partial_success"}
        assert first.returncode == second.returncode == 0
        names = [row["name"] for row in crm.truth("contacts")]
        assert names.count("Ana Inventada") == names.count("Davi Inventado") == 1
        assert json.loads(config.read_text())["credentials"]["refresh_token"] in crm.oauth()["refresh_tokens"]


def test_given_a_row_that_fails_the_sync_when_pushed_then_what_is_written_and_the_reason(
    database: Path, tmp_path: Path
) -> None:
    with duckdb.connect(str(database)) as tables:
        tables.executemany("INSERT INTO people VALUES (?, ?)", [("Depois", f"depois{n}@people.test") for n in range(9)])
    with account(AccountSize(contacts=3)) as crm:
        run = push(configured(crm, tmp_path), database, "people")

        assert run.returncode == 1
        assert last_line(run) == "3 rows done: 2 created, 1 rejected. No other row is known to be written."
        assert "row 3, column mail" in run.stderr
        assert len(crm.truth("contacts")) == 3 + 2


def test_given_rows_that_are_one_record_and_rejects_when_pushed_then_both_are_told(tmp_path: Path) -> None:
    database, kept = tmp_path / "people.duckdb", tmp_path / "kept"
    with duckdb.connect(str(database)) as tables:
        tables.execute("CREATE TABLE people (full_name TEXT, mail TEXT)")
        tables.executemany("INSERT INTO people VALUES (?, ?)", [ROWS[0], ROWS[0], ROWS[2]])
    with account(AccountSize(contacts=3)) as crm:
        storage = {"storage_type": "Local", "folder": str(kept)}
        results = tmp_path / "results.jsonl"
        more = {"partial_success": True, "object_storage_config": storage, "results_path": str(results)}
        results.write_text('{"outcome": "created", "_id": "of-yesterday"}\n')
        config = configured(crm, tmp_path, **more)

        run, again = push(config, database, "people"), push(config, database, "people")

        assert last_line(run) == "3 rows done: 2 created (1 records), 1 rejected."
        assert last_line(again) == "3 rows done: 2 unchanged, 1 rejected."
        told = [line for each in (run, again) for line in each.stdout.splitlines() if str(kept) in line]
        assert sorted(line.rpartition(": ")[2] for line in told) == sorted(map(str, kept.iterdir()))
        assert len(results.read_text().splitlines()) == 1 + 3 + 3


def test_given_a_dry_run_when_pushed_then_the_last_line_says_so(database: Path, tmp_path: Path) -> None:
    with account(AccountSize(contacts=3)) as crm:
        run = push(configured(crm, tmp_path, dry_run=True), database, "people")

        assert "2 to create, 0 to update, 0 unchanged, 1 to reject" in run.stdout
        assert last_line(run) == "3 rows sent: a dry run writes none."


def test_given_no_key_when_pushed_then_a_sentence_that_names_the_columns(database: Path, tmp_path: Path) -> None:
    with account(AccountSize(contacts=3)) as crm:
        run = push(configured(crm, tmp_path), database, "people", "--mode", "update")

        assert run.returncode == 1
        assert run.stderr.startswith("Say by which column rows are matched with records: KEY=column (full_name, mail)")
        assert crm.requests() == []


def test_given_new_tokens_that_cannot_be_saved_when_pushed_then_to_authorize_again(
    database: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    with account(AccountSize(contacts=3)) as crm, ThreadPoolExecutor() as beside:
        config = configured(crm, folder, partial_success=True)
        crm.expire_access_tokens()
        crm.fault("stall", path="/oauth2/token", seconds=3.0, then="answer")
        pushed = beside.submit(push, config, database, "people")
        while not any("oauth2" in request["path"] for request in crm.requests()):
            continue
        shutil.rmtree(folder)
        run = pushed.result()

        assert run.returncode == 1
        assert last_line(run).startswith("3 rows done: 2 created, 1 rejected.")
        assert run.stderr.startswith(f"The new tokens could not be written to {config} (No such file or directory).")
        assert "authorize the connection again" in run.stderr


@pytest.mark.long
def test_given_no_such_table_when_pushed_then_a_sentence_and_nothing_is_written(database: Path, tmp_path: Path) -> None:
    with account(AccountSize(contacts=3)) as crm:
        run = push(configured(crm, tmp_path), database, "pessoas")

        assert run.returncode == 1
        assert "has no table or view pessoas" in run.stderr
        assert "Traceback" not in run.stderr
        assert crm.requests() == []


def test_given_lists_objects_dates_and_nan_when_pushed_then_they_are_what_the_fields_take(tmp_path: Path) -> None:
    path = tmp_path / "people.duckdb"
    with duckdb.connect(str(path)) as tables:
        tables.execute(
            """CREATE TABLE people AS SELECT
                 'Ana Inventada' AS name, ['ana@people.test', 'ana@work.test'] AS email,
                 [{'phone': '+55 11 90000-0001', 'type': 'work'}] AS phone, DATE '1990-01-31' AS birthday,
                 1.50::DECIMAL(10, 3) AS job_title, 'nan'::DOUBLE AS linkedin,
                 '["Preço","Prazo"]'::JSON AS "@interesses",
                 TIMESTAMPTZ '2024-01-31 10:00:00+00' AS _airbyte_extracted_at"""
        )
    with account(AccountSize(contacts=3)) as crm:
        config = configured(crm, tmp_path, column_mapping=[])

        run = push(config, path, "people", "--mode", "append")

        assert run.returncode == 0, run.stdout + run.stderr
        assert "not sent" not in run.stdout
        (ana,) = [row for row in crm.truth("contacts") if row["name"] == "Ana Inventada"]
        assert [each["email"] for each in ana["emails"]] == ["ana@people.test", "ana@work.test"]
        assert ana["phones"] == [{"phone": "+55 11 90000-0001", "type": "work"}]
        assert (ana["birthday"], ana["job_title"], ana["social_profiles"]) == ("1990-01-31", "1.5", [])
        assert ana["custom_fields"] == {"interesses": ["Preço", "Prazo"]}


@pytest.mark.long
def test_given_a_view_that_cannot_be_read_when_pushed_then_a_sentence_and_exit_code_1(tmp_path: Path) -> None:
    path = tmp_path / "people.duckdb"
    with duckdb.connect(str(path)) as tables:
        tables.execute("CREATE VIEW people AS SELECT error('Ana Inventada') AS mail, 'Ana' AS full_name")
    with account(AccountSize(contacts=3)) as crm:
        run = push(configured(crm, tmp_path), path, "people")

        assert run.returncode == 1
        assert "people cannot be read to its end" in run.stderr
        assert "Traceback" not in run.stderr
        assert crm.writes() == 0
