"""Pushes a DuckDB table or view into RD Station CRM through the destination; `make push` calls it.

The configuration says what becomes of the columns (`mode`, `column_mapping`). It is rewritten with the newest tokens,
which are used once: a lost one locks the user out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import duckdb

from airbyte_rdstation import config_file
from demo.rows import batches

__all__ = ["DESTINATION", "Pushed", "main", "push"]

DESTINATION = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "destination-rdstation-crm"
ROWS_A_STATE = 1_000


@dataclass
class Pushed:
    """What one push did."""

    sent: int = 0
    accepted: int = 0
    rejected: int = 0
    error: str = ""
    """Why it ended early; empty if it did not."""


def push(config: Path, database: Path, table: str, *, sync_mode: str, key: str | None = None) -> Pushed:
    """Send every row, and print what the destination logs; ValueError where configuration or table cannot be read."""
    pushed = Pushed()
    with duckdb.connect(str(database), read_only=True) as tables, tempfile.TemporaryDirectory() as folder:
        try:
            rows = tables.table(table) if _is_table(tables, table) else tables.view(table)
        except duckdb.Error:
            raise ValueError(f"{database} has no table or view {table}.") from None
        files = {"config": config_file.load(config), "catalog": _catalog(table, rows.columns, sync_mode, key)}
        config_file.save(config, files["config"])  # a folder that cannot be written is found before a token is spent
        command = [str(DESTINATION), "write"]
        for name, content in files.items():
            path = Path(folder, f"{name}.json")
            config_file.save(path, content)
            command += [f"--{name}", str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
            feeder = threading.Thread(target=_feed, args=(process.stdin, table, rows, pushed), daemon=True)
            feeder.start()
            for line in process.stdout or ():
                _take(json.loads(line), pushed, config)
            feeder.join()
        if process.returncode and not pushed.error:
            pushed.error = "The destination ended without saying why; its last lines are above."
    return pushed


def _is_table(tables: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = "SELECT 1 FROM information_schema.tables WHERE table_name = ? AND table_type = 'BASE TABLE'"
    return bool(tables.execute(query, [name]).fetchone())


def _catalog(table: str, columns: Sequence[str], sync_mode: str, key: str | None) -> dict[str, Any]:
    stream = {
        "name": table,
        "json_schema": {"type": "object", "properties": {name: {} for name in columns}},
        "supported_sync_modes": ["full_refresh"],
    }
    configured = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": sync_mode}
    return {"streams": [{**configured, **({"primary_key": [[key]]} if key else {})}]}


def _messages(table: str, rows: duckdb.DuckDBPyRelation, pushed: Pushed) -> Iterator[dict[str, Any]]:
    """Every row, with a STATE now and then, and one at the end: what comes back is written for good."""
    for batch in batches(rows, ROWS_A_STATE):
        for data in batch:
            yield {"type": "RECORD", "record": {"stream": table, "data": data, "emitted_at": 0}}
        pushed.sent += len(batch)
        state = {"stream_descriptor": {"name": table}, "stream_state": {"rows": pushed.sent}}
        yield {"type": "STATE", "state": {"type": "STREAM", "stream": state}}


def _feed(stdin: IO[str] | None, table: str, rows: duckdb.DuckDBPyRelation, pushed: Pushed) -> None:
    if stdin is None:
        return
    try:
        with stdin:
            for message in _messages(table, rows, pushed):
                stdin.write(json.dumps(message) + "\n")
    except BrokenPipeError:
        return  # the destination has ended, and says why
    except duckdb.Error as error:
        pushed.error = f"{table} cannot be read to its end ({type(error).__name__}): what is counted above was sent."


def _take(message: dict[str, Any], pushed: Pushed, config: Path) -> None:
    if message["type"] == "CONTROL":
        config_file.save(config, message["control"]["connectorConfig"]["config"])
    elif message["type"] == "STATE":
        counts = message["state"]["destinationStats"]
        rejected = int(counts.get("rejectedRecordCount") or 0)
        pushed.accepted += int(counts["recordCount"])
        pushed.rejected += rejected
    elif message["type"] == "LOG":
        print(f"  {message['log']['message']}", flush=True)
    elif message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
        pushed.error = message["trace"]["error"]["message"]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="push", description="Push a DuckDB table into RD Station CRM.")
    parser.add_argument("config", type=Path, help="configuration of destination-rdstation-crm; gets the newest tokens")
    parser.add_argument("--db", type=Path, required=True, help="the DuckDB file")
    parser.add_argument("--table", required=True, help="a table or view in it")
    parser.add_argument("--mode", choices=["append", "append_dedup", "update"], default="append_dedup")
    parser.add_argument("--key", help="the column that is the matching key, for append_dedup and update")
    chosen = parser.parse_args(arguments)
    try:
        pushed = push(chosen.config, chosen.db, chosen.table, sync_mode=chosen.mode, key=chosen.key)
    except (ValueError, OSError, duckdb.Error) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{pushed.sent:,} rows sent, {pushed.accepted:,} accepted, {pushed.rejected:,} rejected.")
    if pushed.error:
        print(pushed.error, file=sys.stderr)
    return 1 if pushed.error else 0


if __name__ == "__main__":
    sys.exit(main())
