"""Runs the models below dbt/ on DuckDB files without dbt, so that the report needs no environment of its own.

dbt's part is small here: `ref` and `source` become table names, macros are found by adapter, columns are looked up.
`integration_tests/test_dbt.py` compares this with what dbt itself builds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml
from jinja2 import Environment, StrictUndefined, Template, pass_context
from jinja2.runtime import Context

__all__ = ["CONVERSAS", "PACKAGE", "V1", "V2", "Models", "api_of"]

PACKAGE = Path(__file__).resolve().parents[2] / "dbt"
JINJA = Environment(undefined=StrictUndefined, extensions=["jinja2.ext.do"], autoescape=False)  # noqa: S701 - SQL
V1, V2, CONVERSAS = "rdstation_v1", "rdstation_v2", "rdstation_conversas"
# Tables that a sync of one API brings, and no other.
TELLING_TABLES = {
    V2: {"stages", "pipelines", "lost_reasons", "sources", "deal_notes"},
    V1: {"deals_details", "deal_stages", "deal_pipelines", "reasons_for_loss", "companies"},
    CONVERSAS: {"reports", "messages", "messages_history", "employees"},
}


def api_of(tables: Mapping[str, Sequence[str]]) -> str | None:
    """Return the source, as the models call it, whose tables these are, by their columns; None for something else.

    >>> api_of({"deals": ["id", "status"], "users": ["id"]})
    'rdstation_v2'
    """
    if "deals" in tables:
        return V1 if "win" in tables["deals"] else V2
    return next((source for source, names in TELLING_TABLES.items() if names & tables.keys()), None)


@dataclass(frozen=True)
class _Relation:
    """A table, in dbt's words."""

    database: str
    schema: str
    identifier: str

    def __str__(self) -> str:
        return ".".join(f'"{part}"' for part in (self.database, self.schema, self.identifier))


@dataclass(frozen=True)
class _Column:
    name: str
    data_type: str


@dataclass(frozen=True)
class _Result:
    rows: Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class _Flags:
    WHICH: str = "run"


class _Exceptions:
    """dbt's warnings of tables that are not here: the report names those that it needs."""

    def warn(self, _: str) -> str:
        return ""


class Models:
    """The models over the files of one account; each is built once, when it is asked for.

    Args:
        files: A DuckDB file for each source, by the source's name in dbt/models/_sources.yml; opened read-only.
        variables: What differs from the variables in dbt/dbt_project.yml.
    """

    def __init__(self, files: Mapping[str, Path], **variables: Any) -> None:
        self._db = duckdb.connect()
        for source, path in files.items():
            self._db.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS {source} (READ_ONLY)")
        project = yaml.safe_load((PACKAGE / "dbt_project.yml").read_text(encoding="utf-8"))
        self._variables = {**project["vars"], **variables}
        self._files = {path.stem: path for path in PACKAGE.glob("models/**/*.sql")}
        self._built: set[str] = set()

    def __enter__(self) -> Models:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return what a query gives; models are written as in dbt: `select * from {{ ref('rdstation__deals') }}`."""
        found = self._db.execute(self._rendered(query))
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def has(self, source: str, table: str) -> bool:
        """Return whether a source's file has a table, with or without rows."""
        return _Adapter(self._db).get_relation(source, "main", table) is not None

    def columns(self, model: str) -> list[str]:
        """Return the names of a model's columns, in their order."""
        return [name for name, *_ in self._db.execute(f"DESCRIBE {self._ref(model)}").fetchall()]

    def _ref(self, model: str) -> _Relation:
        if model not in self._built:
            sql = self._rendered(self._files[model].read_text(encoding="utf-8"))
            self._db.execute(f'CREATE TABLE "{model}" AS {sql}')
            self._built.add(model)
        return _Relation("memory", "main", model)

    def _rendered(self, text: str) -> str:
        return _template(text).render(
            adapter=_Adapter(self._db),
            config=lambda **_: "",
            execute=True,
            flags=_Flags(),
            ref=self._ref,
            run_query=lambda sql: _Result(self._db.execute(sql).fetchall()),
            source=lambda name, table: _Relation(name, "main", table),
            exceptions=_Exceptions(),
            var=lambda name: self._variables[name],
        )


@cache
def _template(text: str) -> Template:
    """Compile a model together with the package's macros."""
    macros = "".join(path.read_text(encoding="utf-8") for path in sorted(PACKAGE.glob("macros/*.sql")))
    return JINJA.from_string(macros + text)


class _Adapter:
    """What dbt's `adapter` does, as far as the macros ask."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        self._db = db

    @pass_context
    def dispatch(self, context: Context, macro: str, package: str) -> Callable[..., str]:
        found: Callable[..., str] = context.get(f"duckdb__{macro}") or context[f"default__{macro}"]
        return found

    def quote(self, name: str) -> str:
        return '"' + name.replace('"', '""') + '"'

    def get_relation(self, database: str, schema: str, identifier: str) -> _Relation | None:
        relation = _Relation(database, schema, identifier)
        return relation if self.get_columns_in_relation(relation) else None

    def get_columns_in_relation(self, relation: _Relation) -> list[_Column]:
        found = self._db.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ? ORDER BY column_index",
            [relation.database, relation.schema, relation.identifier],
        )
        return [_Column(*row) for row in found.fetchall()]
