"""What a source has read into DuckDB goes back into the same CRM, all columns of it, and changes nothing there.

`make wheel-test` has PyAirbyte keep the records; `make test` keeps them in the same types of columns.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import duckdb
import orjson
import pytest

from destination import writes
from harness import AccountSize, Emulator, Source, account, discovered_schemas, often

ROOT: Final = Path(__file__).parents[1]
SIZE: Final = AccountSize(contacts=40, deals=30, organizations=20, tasks=0)
STREAMS: Final = ("organizations", "contacts", "deals")
MAPPED: Final[Mapping[str, Mapping[str, str]]] = {
    "organizations": {"url": "website"},
    "contacts": {"emails": "email", "phones": "phone"},
    "deals": {"contact_ids": "contact_id"},
}
"""Columns that are called otherwise than the fields; `id` is, everywhere."""
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "organizations": ("name", "url", "owner_id", "segment_ids", "description", "address"),
    "contacts": ("name", "emails", "phones", "job_title", "organization_id", "birthday"),
    "deals": (
        "name", "status", "contact_ids", "organization_id", "stage_id", "pipeline_id", "owner_id", "campaign_id",
        "source_id", "lost_reason_id", "expected_close_date", "rating", "one_time_price", "recurrence_price",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(SIZE) as running:
        for row, value in zip(running.truth("contacts"), (True, False, ["1", "2"], [], "Sim"), strict=False):
            running.edit("contacts", row["id"], custom_fields={"cpf": value})  # no texts, and yet seen in such fields
        yield running


@pytest.fixture(scope="module")
def database(crm: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(crm, tmp_path_factory.mktemp("account"))


def type_of(schema: Mapping[str, Any]) -> str:
    """The type of column that PyAirbyte gives a property in DuckDB."""
    kinds = {schema["type"]} if isinstance(schema["type"], str) else {*schema["type"]}
    if kinds & {"array", "object"}:
        return "JSON"
    if schema.get("format") == "date-time":
        return "TIMESTAMP"
    if schema.get("format") == "date":
        return "DATE"
    return "DECIMAL(38, 9)" if "number" in kinds else "BIGINT" if "integer" in kinds else "VARCHAR"


def kept(crm: Emulator, folder: Path) -> Path:
    """The three tables, as `make sync` leaves them."""
    run = Source(crm).read(*STREAMS)
    assert run.exit_code == 0, run.log
    schemas = discovered_schemas(crm)
    database = folder / "account.duckdb"
    with duckdb.connect(str(database)) as tables:
        for stream in STREAMS:
            lines = folder / f"{stream}.jsonl"
            lines.write_bytes(b"\n".join(orjson.dumps(each) for each in run.records(stream)))
            properties = schemas[stream]["properties"]
            columns = ", ".join(f"'{name}': '{type_of(schema)}'" for name, schema in properties.items())
            tables.execute(
                f"CREATE TABLE {stream} AS SELECT * FROM "  # noqa: S608 - names of our own
                f"read_json_auto('{lines}', format='newline_delimited', columns={{{columns}}})"
            )
    return database


def slugs(crm: Emulator, stream: str) -> dict[str, str]:
    """The custom fields of a stream's records, each with its type."""
    return {row["slug"]: row["type"] for row in crm.truth("custom_fields") if row["entity"] == stream.removesuffix("s")}


def push_back(crm: Emulator, database: Path, stream: str, **settings: Any) -> str:
    """Pushes every column of a table, and by way of a view each custom field in it; what was printed."""
    customs = [
        f"""custom_fields->{"" if kind == "multiple_choice" else ">"}'$."{slug}"' AS "@{slug}" """
        for slug, kind in slugs(crm, stream).items()
    ]
    with duckdb.connect(str(database)) as tables:
        columns = ", ".join(["*", *customs])
        tables.execute(f"CREATE OR REPLACE VIEW back AS SELECT {columns} FROM {stream} ORDER BY id")  # noqa: S608 - ours
    pairs = [("id", "_id"), *((name, MAPPED[stream].get(name, name)) for name in FIELDS[stream])]
    pairs += [(f"@{slug}", f"@{slug}") for slug in slugs(crm, stream)]
    pairs += [("social_profiles", network) for network in ("linkedin", "facebook") if stream == "contacts"]
    config = database.with_suffix(".json")
    credentials = {name: value for name, value in crm.config()["credentials"].items() if name != "api_version"}
    lines = [{"column": column, "field": field} for column, field in pairs]
    paced = {**crm.config(), "credentials": credentials, "mode": stream, "requests_per_minute": 600_000}
    config.write_text(json.dumps({**paced, "column_mapping": lines, **settings}))
    command = [sys.executable, "-m", "demo.push", str(config), "--db", str(database), "--table", "back", "--key", "id"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def assert_nothing_changes(crm: Emulator, database: Path, stream: str, **settings: Any) -> None:
    before = crm.truth(stream)
    crm.clear_requests()

    told = push_back(crm, database, stream, **settings)

    assert f"0 created, 0 updated, {len(before):,} unchanged, 0 rejected" in told
    assert writes(crm) == []
    assert crm.truth(stream) == before


@pytest.mark.parametrize("stream", often(STREAMS, long=["organizations", "deals"]))  # make wheel-test has all
@pytest.mark.parametrize("send_nulls", [pytest.param(False, marks=pytest.mark.long), True])
def test_given_tables_that_a_sync_has_kept_when_pushed_back_then_nothing_changes(
    crm: Emulator, database: Path, stream: str, send_nulls: bool
) -> None:
    assert_nothing_changes(crm, database, stream, send_nulls=send_nulls)


def test_given_the_view_of_the_recipe_when_pushed_back_then_nothing_changes(crm: Emulator, database: Path) -> None:
    page = (ROOT / "docs" / "recipes" / "duckdb.md").read_text(encoding="utf-8")
    (view,) = re.findall(r'\.sql\("(create or replace view people .*?)"\)', page)
    with duckdb.connect(str(database)) as tables:
        tables.execute(view)
    config = database.with_name("destination.json")
    credentials = {name: value for name, value in crm.config()["credentials"].items() if name != "api_version"}
    config.write_text(
        json.dumps({**crm.config(), "credentials": credentials, "mode": "contacts", "requests_per_minute": 600_000})
    )
    before = crm.truth("contacts")
    command = [sys.executable, "-m", "demo.push", str(config), "--db", str(database), "--table", "people"]

    run = subprocess.run([*command, "--key", "_id"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == f"{len(before)} rows done: {len(before)} unchanged."
    assert crm.truth("contacts") == before


@pytest.mark.wheel
def test_given_tables_that_make_sync_has_kept_when_pushed_back_then_nothing_changes(
    crm: Emulator, tmp_path: Path
) -> None:
    config, database = tmp_path / "source.json", tmp_path / "synced.duckdb"
    config.write_text(json.dumps({**crm.config(), "requests_per_minute": 600_000}))
    command = [str(ROOT / ".venv-demo" / "bin" / "python"), "-m", "demo.sync", str(config)]
    run = subprocess.run(
        [*command, "--db", str(database), "--streams", ",".join(STREAMS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr

    assert columns_of(database) == columns_of(kept(crm, tmp_path)), (
        "the tables of `make test` are as PyAirbyte makes them"
    )
    for stream in STREAMS:
        assert_nothing_changes(crm, database, stream, send_nulls=True)


def columns_of(database: Path) -> set[tuple[str, str, str]]:
    query = (
        "SELECT table_name, column_name, data_type FROM information_schema.columns "
        "WHERE table_name IN ('organizations', 'contacts', 'deals') AND NOT starts_with(column_name, '_airbyte')"
    )
    with duckdb.connect(str(database), read_only=True) as tables:
        return {*tables.execute(query).fetchall()}
