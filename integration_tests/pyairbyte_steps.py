"""What test_wheel.py has PyAirbyte do; runs in .venv-demo, where PyAirbyte lives, and imports nothing of ours.

    python pyairbyte_steps.py TASK REPORT

The task, a JSON file, names the folder of the connectors' commands, a folder for caches, a source with its
configuration, the streams to read (all, if none is named) and what to write where afterwards. The report says what
each stream holds in DuckDB.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)  # its Google libraries announce Python versions they will drop
    import airbyte
    import airbyte.caches

__all__ = ["main"]

IDENTIFYING = ("id", "_id", "customer_id", "name", "key", "title", "data", "job_title")
Json = dict[str, Any]


def main(task_file: str, report_file: str) -> None:
    """Check and read; then check the destination and write, where the task says so."""
    task = json.loads(Path(task_file).read_text(encoding="utf-8"))
    work = Path(task["work"])
    source = airbyte.get_source(
        task["source"],
        config=task["config"],
        local_executable=Path(task["commands"], task["source"]),
        streams=task.get("streams") or "*",
    )
    source.check()
    cache = airbyte.caches.DuckDBCache(db_path=work / "cache.duckdb", cache_dir=work / "cache")
    result = source.read(cache)
    report: Json = {"rows": {name: [identity(row) for row in rows] for name, rows in result.streams.items()}}
    report["written"] = [write(each, Path(task["commands"]), result) for each in task.get("writes", [])]
    Path(report_file).write_text(json.dumps(report), encoding="utf-8")


def identity(row: Mapping[str, Any]) -> Json:
    """What a test compares of a row."""
    return {name: row[name] for name in IDENTIFYING if name in row}


def write(task: Json, commands: Path, result: Any) -> int:
    """Send what was read; how many records the destination was given."""
    destination = airbyte.get_destination(task["name"], config=task["config"], local_executable=commands / task["name"])
    destination.check()
    written = destination.write(result, write_strategy=task["strategy"], state_cache=False)
    return int(written.processed_records)


if __name__ == "__main__":
    main(*sys.argv[1:])
