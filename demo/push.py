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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import duckdb

from airbyte_rdstation import config_file
from demo.newest_tokens import NewestTokens
from demo.rows import batches

__all__ = ["DESTINATION", "Pushed", "main", "push"]

DESTINATION = Path(__file__).resolve().parent.parent / ".venv" / "bin" / "destination-rdstation-crm"
ROWS_A_STATE = 1_000
ACTIONS = ("created", "updated", "unchanged", "rejected", "skipped")


@dataclass
class Pushed:
    """What one push did."""

    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    """How many rows were `created`, `updated`, `unchanged`, `rejected` and `skipped`; empty after a dry run."""
    new_records: int = 0
    """What the rows made: fewer than were created where rows are the same record."""
    rejects: list[Path] = field(default_factory=list)
    """The files of rejected rows that it left."""
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
        if sync_mode != "append" and not key:
            raise ValueError(
                f"Say by which column rows are matched with records: KEY=column ({', '.join(rows.columns)}), "
                "or have each row create one: MODE=append."
            )
        tokens = NewestTokens(config)
        kept_at = tokens.config.get("results_path") or str(Path(folder, "results.jsonl"))
        results = Path(str(kept_at))
        before = _size(results), _rejects(tokens.config)
        files = {
            "config": {**tokens.config, "results_path": kept_at},
            "catalog": _catalog(table, rows.columns, sync_mode, key),
        }
        command = [str(DESTINATION), "write"]
        for name, content in files.items():
            path = Path(folder, f"{name}.json")
            config_file.save(path, content)
            command += [f"--{name}", str(path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
            feeder = threading.Thread(target=_feed, args=(process.stdin, table, rows, pushed), daemon=True)
            feeder.start()
            for line in process.stdout or ():
                _take(json.loads(line), pushed, tokens)
            feeder.join()
        if process.returncode and not pushed.error:
            pushed.error = "The destination ended without saying why; its last lines are above."
        pushed.error = " ".join(filter(None, (pushed.error, tokens.loss)))
        _count(pushed, results, before[0])
        pushed.rejects = sorted(_rejects(tokens.config) - before[1])
    return pushed


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _rejects(config: Mapping[str, Any]) -> set[Path]:
    """The files in the folder of rejected rows, if there is one."""
    storage = config.get("object_storage_config")
    folder = storage.get("folder") if isinstance(storage, dict) else None
    return set(Path(folder).glob("rejected-*.jsonl")) if isinstance(folder, str) else set()


def _count(pushed: Pushed, results: Path, old: int) -> None:
    """Count what became of the rows, by the lines that the destination added to its results."""
    if _size(results) <= old:
        return
    created = set()
    with results.open("rb") as lines:
        lines.seek(old)
        for line in lines:
            if line.strip() and line.endswith(b"\n"):  # a disk that was full cuts the last one
                result = json.loads(line)
                pushed.outcomes[result["outcome"]] += 1
                created |= {result["_id"]} if result["outcome"] == "created" else set()
    pushed.new_records = len(created)


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


def _take(message: dict[str, Any], pushed: Pushed, tokens: NewestTokens) -> None:
    if message["type"] == "CONTROL":
        tokens.keep(message["control"]["connectorConfig"]["config"])
    elif message["type"] == "LOG":
        print(f"  {message['log']['message']}", flush=True)
    elif message["type"] == "TRACE" and message["trace"]["type"] == "ERROR":
        pushed.error = message["trace"]["error"]["message"]


def _closing_line(pushed: Pushed) -> str:
    """Say what became of the rows, as in `5 rows done: 3 created (2 records), 1 unchanged, 1 rejected.`."""
    if not pushed.outcomes:
        why = "none is known to be written" if pushed.error else "a dry run writes none"
        return f"{pushed.sent:,} rows sent: {why if pushed.sent else 'there was nothing to write'}."
    counts = {action: f"{number:,} {action}" for action, number in pushed.outcomes.items()}
    if pushed.outcomes["created"] > pushed.new_records:
        counts["created"] += f" ({pushed.new_records:,} records)"
    done = pushed.outcomes.total()
    told = f"{done:,} rows done: {', '.join(counts[action] for action in ACTIONS if action in counts)}."
    return f"{told} No other row is known to be written." if pushed.error or done < pushed.sent else told


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
    for file in pushed.rejects:
        print(f"Rejected rows, with their reasons: {file}")
    print(_closing_line(pushed))
    if pushed.error:
        print(pushed.error, file=sys.stderr)
    return 1 if pushed.error else 0


if __name__ == "__main__":
    sys.exit(main())
