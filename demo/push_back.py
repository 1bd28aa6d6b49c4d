"""The demo's last act: a view of the DuckDB file goes back into the CRM, where only what differs is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb

from airbyte_rdstation import config_file
from emulator.client import Emulator

__all__ = ["push_back"]

ROOT = Path(__file__).resolve().parent.parent
VIEW = "revised_contacts"
EVERY = 100
REVISION = "Revisado na planilha"
SQL = f"""
    CREATE OR REPLACE VIEW {VIEW} AS
    SELECT json_extract_string(emails, '$[0].email') AS mail, name AS full_name,
           CASE WHEN row_number() OVER (ORDER BY id) % {EVERY} = 0 THEN '{REVISION}' ELSE job_title END AS position
    FROM contacts
    WHERE json_extract_string(emails, '$[0].email') IS NOT NULL
"""  # noqa: S608 - names of our own
MAPPING = {"mail": "email", "full_name": "name", "position": "job_title"}


def push_back(crm: Emulator, database: Path, config: Path, requests_per_minute: int) -> int:
    """Returns the exit code: 0 if the account holds every revision afterwards."""
    print(
        f"\n==== {database.relative_to(ROOT)} back into the CRM, by e-mail: one contact in {EVERY} has a new position"
    )
    with duckdb.connect(str(database)) as tables:
        tables.execute(SQL)
        row = tables.execute(f"SELECT count(*) FROM {VIEW} WHERE position = ?", [REVISION]).fetchone()  # noqa: S608
    settings = {
        "mode": "contacts",
        "column_mapping": [{"column": column, "field": field} for column, field in MAPPING.items()],
        "requests_per_minute": requests_per_minute,
    }
    credentials = {name: value for name, value in crm.config()["credentials"].items() if name != "api_version"}
    config_file.save(config, {**crm.config(), "credentials": credentials, **settings})
    crm.clear_requests()
    command = [sys.executable, "-m", "demo.push", str(config), "--db", str(database), "--table", VIEW, "--key", "mail"]
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit("The push failed; its reason is above.")
    log = crm.requests()
    writes = sum(entry["method"] in ("POST", "PUT") and "oauth2" not in entry["path"] for entry in log)
    revised = sum(contact["job_title"] == REVISION for contact in crm.truth("contacts"))
    print(f"{len(log):,} requests, {writes:,} of them writes.")
    if row is None or revised != row[0]:
        print("\nNOT complete: the account does not hold every revision.", file=sys.stderr)
        return 1
    print(f"\nComplete: the account holds the {revised} revisions.")
    return 0
