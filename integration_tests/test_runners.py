"""The recipes under the runners they are for, which keep no tokens: PyAirbyte and its MCP server, airbyte-serverless.

`make wheel-test` has those of PyAirbyte (.venv-demo), `make runners` that of airbyte-serverless (.venv-runners).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest
import yaml

from harness import AccountSize, Emulator, account

pytestmark = pytest.mark.wheel

ROOT: Final = Path(__file__).parents[1]
RECIPES: Final = ROOT / "docs" / "recipes"
SIZE: Final = AccountSize(contacts=20, deals=10, organizations=5, tasks=5)
SOURCE: Final = "source-rdstation-crm"
ASK_MCP: Final = """
import asyncio, json, sys
from fastmcp import Client

async def main():
    async with Client(json.loads(sys.argv[1])) as client:
        for tool, asked in (
            ("validate_connector_config", {"connector_name": "source-rdstation-crm"}),
            ("read_source_stream_records", {"source_connector_name": "source-rdstation-crm", "stream_name": "deals"}),
        ):
            answer = await client.call_tool(tool, {**asked, "config_file": sys.argv[2]})
            print(json.dumps(answer.structured_content or str(answer.content)))

asyncio.run(main())
"""


@pytest.fixture
def crm() -> Iterator[Emulator]:
    with account(SIZE, latency_s=0.02) as running:
        yield running


@pytest.fixture
def config(crm: Emulator, tmp_path: Path) -> Path:
    path = tmp_path / "account.json"
    path.write_text(json.dumps(crm.config(tokens_path=str(tmp_path / "tokens.json"), requests_per_minute=600_000)))
    crm.expire_access_tokens()
    return path


def blocks(recipe: str, language: str) -> list[str]:
    """The blocks of a recipe in a language."""
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", (RECIPES / recipe).read_text(encoding="utf-8"))


def play(command: Sequence[str], folder: Path, **environment: str) -> str:
    """Run a command in the checkout, its files below `folder`; what it printed."""
    private = {"AIRBYTE_TEMP_DIR": str(folder), "AIRBYTE_LOGGING_ROOT": str(folder), "NO_LIVE_PROGRESS": "1"}
    run = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **private, **environment}, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{run.stdout[-2_000:]}\n{run.stderr[-6_000:]}"
    return run.stdout


def rotations(crm: Emulator) -> list[str]:
    return [refresh["outcome"] for refresh in crm.oauth()["history"]]


def test_given_the_program_of_the_recipe_when_run_twice_and_by_two_at_once_then_one_rotation_each_time(
    crm: Emulator, config: Path, tmp_path: Path
) -> None:
    program = tmp_path / "job.py"
    program.write_text(blocks("cron.md", "python")[0])

    def job(name: str) -> set[str]:
        database = tmp_path / f"{name}.duckdb"
        play([".venv-demo/bin/python", str(program), SOURCE, str(config), str(database), "deals"], tmp_path)
        with duckdb.connect(str(database), read_only=True) as tables:
            return {row[0] for row in tables.execute("SELECT id FROM deals").fetchall()}

    assert job("first") == job("first") == crm.ids("deals")
    assert rotations(crm) == ["rotated"]
    crm.expire_access_tokens()
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(job, ("first", "second"))) == [crm.ids("deals")] * 2
    assert rotations(crm) == ["rotated"] * 2


def test_given_airbyte_mcp_as_in_the_recipe_when_it_checks_and_reads_then_one_rotation(
    crm: Emulator, config: Path, tmp_path: Path
) -> None:
    entry = yaml.safe_load(blocks("runners.md", "yaml")[-1].replace("/srv/airbyte-rdstation", str(ROOT)))

    told = play([".venv-demo/bin/python", "-c", ASK_MCP, json.dumps(entry), str(config)], tmp_path)

    assert all(id_ in told for id_ in crm.ids("deals"))
    assert rotations(crm) == ["rotated"]
    assert json.loads(config.read_text())["credentials"]["client_secret"] not in told


@pytest.mark.skipif(not (ROOT / ".venv-runners").exists(), reason="make runners makes its environment")
def test_given_airbyte_serverless_as_in_the_recipe_when_run_by_two_at_once_then_one_rotation(
    crm: Emulator, config: Path, tmp_path: Path
) -> None:
    connection: Any = yaml.safe_load(blocks("runners.md", "yaml")[0].replace("/srv/airbyte-rdstation", str(ROOT)))
    connection["source"]["config"] = json.loads(config.read_text())
    (tmp_path / "connections").mkdir()
    (tmp_path / "connections" / "rdstation.yaml").write_text(yaml.safe_dump(connection))

    def run(_: int) -> str:
        command = [str(ROOT / ".venv-runners" / "bin" / "abs"), "run", "rdstation"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout

    with ThreadPoolExecutor(2) as pool:
        printed = list(pool.map(run, range(2)))
    for each in printed:
        assert all(id_ in each for id_ in crm.ids("deals")), each[-3_000:]
    assert rotations(crm) == ["rotated"]
