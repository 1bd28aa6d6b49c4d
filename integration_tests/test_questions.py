"""The profile for DuckDB in docs/recipes/questions.md, in a project as a user has one; `make dbt-test` runs it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

import duckdb
import pytest

from harness import CONVERSAS, V2, AccountSize, ConversasSize, Source, account
from warehouse import store

pytestmark = pytest.mark.dbt

ROOT: Final = Path(__file__).resolve().parents[1]
DBT: Final = ROOT / ".venv-dbt" / "bin" / "dbt"
PAGE: Final = (ROOT / "docs" / "recipes" / "questions.md").read_text(encoding="utf-8")


def dbt(folder: Path, *command: str) -> None:
    environment = {**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = subprocess.run(
        [str(DBT), "--no-use-colors", *command, "--profiles-dir", "."],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_the_profile_for_duckdb_builds_from_files_of_make_sync(tmp_path: Path) -> None:
    packages, _, profile = re.findall(r"(?ms)^```yaml\n(.*?)^```", PAGE)
    (tmp_path / "dbt_project.yml").write_text("name: my_project\nprofile: my_project\n")
    assert [block.splitlines()[0] for block in (packages, profile)] == ["# packages.yml", "# profiles.yml"]
    (tmp_path / "packages.yml").write_text(packages.replace("../airbyte-rdstation/dbt", str(ROOT / "dbt")))
    (tmp_path / "profiles.yml").write_text(profile)
    (tmp_path / "secrets").mkdir()
    with account(AccountSize(contacts=5, deals=9), conversas=ConversasSize(contacts=3, reports=5)) as crm:
        for name, api in (("account", V2), ("conversas", CONVERSAS)):
            store(Source(crm, api), tmp_path / "secrets" / f"{name}.duckdb", "2026-01-01T12:00:00Z")
        deals = crm.ids("deals")

    dbt(tmp_path, "deps")
    dbt(tmp_path, "build")

    with duckdb.connect(str(tmp_path / "secrets" / "marts.duckdb"), read_only=True) as db:
        assert {id_ for (id_,) in db.execute("SELECT deal_id FROM rdstation__deals").fetchall()} == deals
