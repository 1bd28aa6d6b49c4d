"""`make sync` under PyAirbyte: what it says when it fails is what the connector said; `make wheel-test` has it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from harness import AccountSize, Emulator, account

pytestmark = pytest.mark.wheel

ROOT: Final = Path(__file__).parents[1]
PYTHON: Final = ROOT / ".venv-demo" / "bin" / "python"
FAST: Final = {"requests_per_minute": 600_000}


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(AccountSize(contacts=5, deals=5, organizations=5, tasks=5)) as running:
        yield running


def sync(config: dict[str, Any], folder: Path, *streams: str) -> subprocess.CompletedProcess[str]:
    path = folder / "account.json"
    path.write_text(json.dumps({**FAST, **config}))
    command = [str(PYTHON), "-m", "demo.sync", str(path), *(["--streams", ",".join(streams)] if streams else [])]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def last_line(run: subprocess.CompletedProcess[str]) -> str:
    return run.stderr.strip().splitlines()[-1]


def test_given_an_account_then_it_is_read_without_a_word_of_what_failed(crm: Emulator, tmp_path: Path) -> None:
    run = sync(crm.config(), tmp_path, "stages", "users")

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert "Exit Code" not in run.stderr


def test_given_a_token_that_is_dead_then_the_last_line_says_what_to_do(crm: Emulator, tmp_path: Path) -> None:
    config = crm.config()
    config["credentials"] |= {"access_token": "", "refresh_token": "a-t0ken-of-last-month"}

    run = sync(config, tmp_path)

    assert run.returncode == 1
    assert last_line(run).startswith("sync failed: RD Station no longer accepts the refresh token. Authorize")
    assert "a-t0ken" not in run.stdout + run.stderr


def test_given_a_stream_that_is_not_there_then_those_that_are(crm: Emulator, tmp_path: Path) -> None:
    run = sync(crm.config(), tmp_path, "stages", "custom_field")

    assert run.returncode == 1
    assert last_line(run).startswith("sync failed: source-rdstation-crm has no stream custom_field. Its streams: ")
    assert "custom_fields, deal_files" in last_line(run)


@pytest.mark.parametrize("streams", [("stages", "products"), ("products",)])
def test_given_a_list_that_the_account_may_not_read_then_the_last_line_names_it_and_the_rest_is_kept(
    crm: Emulator, tmp_path: Path, streams: tuple[str, ...]
) -> None:
    crm.settings(forbidden=["products"])

    run = sync(crm.config(), tmp_path, *streams)

    assert run.returncode == 1
    assert "products: RD Station denies access (403): the user who authorized the connection lacks" in last_line(run)
    assert "all others are complete" not in last_line(run)
    if "stages" in streams:
        with duckdb.connect(str(tmp_path / "account.duckdb")) as tables:
            assert len(tables.table("stages").fetchall()) > 0


def test_given_a_database_that_another_program_writes_then_the_last_line_says_so(crm: Emulator, tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "account.duckdb")):
        run = sync(crm.config(), tmp_path, "stages")

    assert run.returncode == 1
    assert last_line(run).startswith(
        f"sync failed: {tmp_path / 'account.duckdb'} cannot be used. IO Error: Could not set"
    )
    assert "Traceback" not in run.stderr
