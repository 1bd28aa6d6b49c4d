"""The dbt package under dbt itself, over an emulated account; `make dbt-test` runs it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from demo.report.models import CONVERSAS as CONVERSAS_TABLES
from demo.report.models import V1 as V1_TABLES
from demo.report.models import V2 as V2_TABLES
from demo.report.models import Models
from harness import CONVERSAS, V1, V2, AccountSize, ConversasSize, Emulator, Source, account
from warehouse import store

pytestmark = pytest.mark.dbt

ROOT: Final = Path(__file__).resolve().parents[1]
DBT: Final = ROOT / ".venv-dbt" / "bin" / "dbt"
SIZE = AccountSize(contacts=12, deals=40, organizations=6, tasks=5)
TALKS = ConversasSize(contacts=5, messages_per_contact=20, reports=20)
SOURCES = {V2_TABLES: V2, V1_TABLES: V1, CONVERSAS_TABLES: CONVERSAS}
FIRST, SECOND = "2020-01-01T12:00:00Z", "2020-01-02T12:00:00Z"
COMPARED = (
    "rdstation__deals", "rdstation__won_by_month", "rdstation__funnel", "rdstation__deal_stage_visits",
    "rdstation__sellers", "rdstation__lost_reasons", "rdstation_conversas__responses", "rdstation__deletions",
)  # fmt: skip


class Project:
    """The package, with its sources in files of its own."""

    def __init__(self, folder: Path) -> None:
        self.files = {name: folder / f"{name}.duckdb" for name in SOURCES}
        self.database = folder / "marts.duckdb"
        self._folder = folder

    def sync(self, crm: Emulator, arrived: str) -> None:
        for name, api in SOURCES.items():
            store(Source(crm, api), self.files[name], arrived)

    def run(self, *command: str, target: str = "duckdb", **variables: Any) -> subprocess.CompletedProcess[str]:
        places = {"RDSTATION_V2": V2_TABLES, "RDSTATION_V1": V1_TABLES, "RDSTATION_CONVERSAS": CONVERSAS_TABLES}
        environment = {
            **os.environ,
            **{name: str(self.files[source]) for name, source in places.items()},
            "RDSTATION_DBT": str(self.database),
            "DBT_TARGET": target,
            "DBT_TARGET_PATH": str(self._folder / target),
            "DBT_LOG_PATH": str(self._folder / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        given = ["--no-use-colors", *command, "--profiles-dir", ".", "--vars", json.dumps(variables)]
        return subprocess.run(
            [str(DBT), *given], cwd=ROOT / "dbt", env=environment, capture_output=True, text=True, check=False
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database), read_only=True) as db:
            return db.execute(query).fetchall()


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Emulator]]:
    folder = tmp_path_factory.mktemp("dbt")
    with account(SIZE, conversas=TALKS) as crm:
        project = Project(folder)
        project.sync(crm, FIRST)
        yield project, crm


def test_the_package_builds_again_after_the_next_sync(project: tuple[Project, Emulator]) -> None:
    dbt, crm = project

    first = dbt.run("build")

    assert "ERROR=0" in first.stdout, first.stdout
    assert first.returncode == 0
    described = "SELECT comment FROM duckdb_columns() WHERE table_name = 'rdstation__deals' AND column_name = '{}'"
    assert dbt.rows(described.format("cf_canais")) == [("Canais",)]
    deal, user = min(crm.ids("deals")), min(crm.ids("users"))
    crm.edit("deals", deal, status="won", one_time_price=123456, recurrence_price=0)
    crm.create("custom_fields", {"slug": "2a-via", "name": "2ª via", "type": "text", "entity": "deal"})
    crm.edit("deals", deal, custom_fields={"2a-via": "sim"})
    crm.delete("users", user)
    dbt.sync(crm, SECOND)

    second = dbt.run("build")

    assert second.returncode == 0, second.stdout
    assert dbt.rows("SELECT deal_id, status FROM rdstation__deals WHERE cf_2a_via = 'sim'") == [(deal, "won")]
    assert dbt.rows("SELECT count(*) FROM rdstation__deals") == [(len(crm.ids("deals")),)]
    assert dbt.rows("SELECT stream, id FROM rdstation__deletions") == [("users", user)]
    assert dbt.rows(described.format("cf_2a_via")) == [("2ª via",)]
    # The tables are whole where the account's files are not attached.
    assert dbt.rows("SELECT count(*) > 0 FROM stg_rdstation__contact_emails") == [(True,)]


@pytest.mark.parametrize("api", ["v2", "v1"])
def test_what_the_report_runs_is_what_dbt_builds(project: tuple[Project, Emulator], api: str) -> None:
    dbt, _ = project
    variables = {"rdstation_api": api, "rdstation_stage_history": api, "rdstation_now": "2026-12-01 00:00:00"}

    built = dbt.run("build", **variables)

    assert built.returncode == 0, built.stdout
    with Models(dbt.files, **variables) as models:
        for name in COMPARED:
            rendered = models.rows("from {{ ref('" + name + "') }} order by all")
            assert dbt.rows(f"FROM {name} ORDER BY ALL") == [tuple(row.values()) for row in rendered], name


@pytest.mark.parametrize("warehouse", ["bigquery", "postgres", "snowflake"])
def test_the_package_parses_for(project: tuple[Project, Emulator], warehouse: str) -> None:
    dbt, _ = project

    parsed = dbt.run("parse", target=warehouse)

    assert parsed.returncode == 0, parsed.stdout


@pytest.mark.parametrize(
    ("place", "named"),
    [
        ({"rdstation_v2_schema": "elsewhere"}, '"elsewhere"."deals"'),
        ({"rdstation_v2_prefix": "crm_"}, '"main"."crm_deals"'),
    ],
)
def test_a_source_that_is_not_here_is_named(
    project: tuple[Project, Emulator], place: dict[str, str], named: str
) -> None:
    dbt, _ = project

    built = dbt.run("run", "--select", "stg_rdstation__deals", **place)

    assert named in built.stdout
    assert "is not here, so what is built on it stays empty" in built.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"rdstation_api": "V1"}, "rdstation_stage_history to v1 or v2"),
        ({"rdstation_full_refreshes": {"companies": "2026-01-31"}}, "and no companies."),
    ],
)
def test_a_variable_that_means_nothing_is_refused(
    project: tuple[Project, Emulator], variables: dict[str, Any], sentence: str
) -> None:
    dbt, _ = project

    parsed = dbt.run("parse", **variables)

    assert parsed.returncode != 0
    assert sentence in parsed.stdout.replace("\n", " ")


def test_make_dbt_builds_on_the_file_that_is_named(project: tuple[Project, Emulator], tmp_path: Path) -> None:
    dbt, crm = project
    mine = tmp_path / "my account.duckdb"
    mine.write_bytes(dbt.files[V2_TABLES].read_bytes())
    environment = {**os.environ, "RDSTATION_DBT": str(tmp_path / "marts.duckdb")}

    command = ["make", "dbt", f"V2={mine}"]
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert made.returncode == 0, made.stdout
    with duckdb.connect(str(tmp_path / "marts.duckdb"), read_only=True) as db:
        assert db.execute("SELECT count(*) FROM rdstation__deals").fetchall() == [(len(crm.ids("deals")),)]


def test_old_tables_are_not_fresh(project: tuple[Project, Emulator]) -> None:
    dbt, _ = project

    assert "ERROR STALE" in dbt.run("source", "freshness", "--select", "source:rdstation_v2.deals").stdout
