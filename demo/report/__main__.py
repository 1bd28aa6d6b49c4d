"""The command line of `make report`: DuckDB files of one account in, one HTML page out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import duckdb

from demo.report.figures import collect
from demo.report.models import api_of
from demo.report.page import draw

__all__ = ["main", "sources_of"]


COLUMNS = "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE schema_name = 'main' GROUP BY table_name"


class NotReadable(Exception):  # noqa: N818 - reads as what happened
    """A file that no report can be made of; the text is for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the page; returns the exit code."""
    parser = argparse.ArgumentParser(prog="report", description="Draw a page with the sales team's figures.")
    parser.add_argument("databases", nargs="+", type=Path, help="DuckDB files of one account, one for each API")
    parser.add_argument("--out", type=Path, help="the page (default: beside the first file, named .html)")
    options = parser.parse_args(arguments)
    page = options.out or options.databases[0].with_suffix(".html")
    try:
        figures = collect(sources_of(options.databases))
        page.write_text(draw(figures), encoding="utf-8")
    except (NotReadable, OSError, duckdb.IOException) as error:  # such as a file that a sync is writing
        print(f"report failed: {error}", file=sys.stderr)
        return 1
    except duckdb.Error as error:  # its text may quote a cell
        kind = type(error).__name__
        print(f"report failed: the tables are not as `make sync` writes them (DuckDB: {kind}).", file=sys.stderr)
        return 1
    if figures.missing:
        print(f"What depends on these streams is missing, as they were not synced: {', '.join(figures.missing)}.")
    print(f"The report is in {page}: open it in a browser. It names sellers and employees.")
    return 0


def sources_of(databases: Sequence[Path]) -> dict[str, Path]:
    """Return the file of each source, by the tables that are in it."""
    found: dict[str, Path] = {}
    for path in databases:
        if not path.is_file():
            raise NotReadable(f"{path} is not here. `make sync` writes such a file.")
        with duckdb.connect(str(path), read_only=True) as db:
            tables = dict(db.execute(COLUMNS).fetchall())
        source = api_of(tables)
        if source is None:
            raise NotReadable(f"{path} holds no tables of RD Station. Give a file that `make sync` wrote.")
        if source in found:
            raise NotReadable(f"{found[source]} and {path} hold the same API's tables. Give one file for each API.")
        found[source] = path
    return found


if __name__ == "__main__":
    sys.exit(main())
