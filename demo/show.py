"""Prints the newest messages of a DuckDB file, each on a line; runs in .venv-demo, where DuckDB is."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import duckdb

__all__ = ["main"]

NEWEST = """
    SELECT strftime(created_at::TIMESTAMP, '%Y-%m-%d %H:%M'), sent_by, content
    FROM messages WHERE file_name IS NULL ORDER BY created_at DESC, id LIMIT 8
"""


def main(arguments: Sequence[str]) -> int:
    """The command line, `show DATABASE`; returns the exit code."""
    (database,) = arguments
    with duckdb.connect(database, read_only=True) as connection:
        for moment, sender, content in connection.execute(NEWEST).fetchall():
            print(f"  {moment}  {sender:9} {json.dumps(content, ensure_ascii=False)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
