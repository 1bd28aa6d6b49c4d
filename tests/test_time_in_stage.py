from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jinja2 import Environment, StrictUndefined

PAGE = Path(__file__).resolve().parent.parent / "docs" / "recipes" / "time-in-stage.md"
# In the types that PyAirbyte gives these columns in DuckDB.
DETAILS = (
    "id varchar, closed_at timestamp, updated_at timestamp, deal_stage_histories json, _airbyte_extracted_at timestamp"
)
DEALS = (
    "id varchar, stage_id varchar, created_at timestamp, updated_at timestamp, closed_at timestamp, "
    "_airbyte_extracted_at timestamp"
)


class Warehouse:
    """What dbt does with a model, as far as these models need it."""

    def __init__(self) -> None:
        self.db = duckdb.connect()
        self._jinja = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - SQL, no HTML
        self._made: set[str] = set()

    def run(self, name: str, model: str) -> None:
        """Builds a model, or adds to it by delete+insert."""
        settings: dict[str, str] = {}

        def config(**given: str) -> str:
            settings.update(given)
            return ""

        sql = self._jinja.from_string(model).render(
            config=config,
            source=lambda _, table: table,
            ref=lambda table: table,
            is_incremental=lambda: name in self._made,
            this=name,
        )
        if settings["materialized"] == "view":
            self.db.execute(f"create or replace view {name} as {sql}")
        elif name in self._made:
            key = settings["unique_key"]
            self.db.execute(f"create temp table fresh_rows as {sql}")
            self.db.execute(f"delete from {name} where {key} in (select {key} from fresh_rows)")  # noqa: S608 - ours
            self.db.execute(f"insert into {name} select * from fresh_rows; drop table fresh_rows")  # noqa: S608
        else:
            self.db.execute(f"create table {name} as {sql}")
            self._made.add(name)

    def add(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Rows, in the order of the table's columns."""
        marks = ", ".join("?" * len(rows[0]))
        self.db.executemany(f"insert into {table} values ({marks})", rows)  # noqa: S608 - a test's own names

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query gives; moments as texts."""
        return self.db.execute(query).fetchall()


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


def models() -> list[str]:
    return re.findall(r"(?ms)^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"))


def visit(stage: str, start: str, end: str | None = None) -> dict[str, str | None]:
    return {"_id": f"{stage}-{start}", "deal_stage_id": stage, "start_date": start, "end_date": end}


def details(deal: str, closed: str | None, updated: str, visits: Sequence[object], loaded: str) -> Sequence[Any]:
    return deal, closed, updated, json.dumps(visits), loaded


HOURS = "select deal_id, stage_id, epoch(left_at - entered_at) / 3600 from {} order by deal_id, entered_at"


def test_the_page_holds_three_models() -> None:
    assert [re.findall(r"materialized='(\w+)'", model) for model in models()] == [
        ["incremental"], ["incremental"], ["view"]
    ]  # fmt: skip


def test_given_histories_of_api_v1_when_run_twice_then_visits_are_replaced_and_none_is_lost(
    warehouse: Warehouse,
) -> None:
    history, _, _ = models()
    warehouse.db.execute(f"create table deals_details ({DETAILS})")
    first = visit("s1", "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z")
    warehouse.add(
        "deals_details",
        [
            details("d1", None, "2026-01-02", [first, visit("s2", "2026-01-02T00:00:00.000Z")], "2026-02-01"),
            details("d2", "2026-01-01 06:00", "2026-01-05", [visit("s1", "2026-01-01T00:00:00.000Z")], "2026-02-01"),
            details("d3", None, "2026-01-05", [], "2026-02-01"),
        ],
    )

    warehouse.run("deal_stage_visits", history)

    assert warehouse.rows(HOURS.format("deal_stage_visits")) == [("d1", "s1", 24), ("d1", "s2", None), ("d2", "s1", 6)]

    moved = [first, visit("s2", "2026-01-02T00:00:00.000Z", "2026-01-04T00:00:00.000Z")]
    late = details("d4", None, "2025-12-01", [visit("s1", "2025-12-01T00:00:00.000Z")], "2026-02-02")
    warehouse.add(
        "deals_details",
        [
            details("d1", None, "2026-01-03", moved, "2026-02-02"),  # comes twice in one sync: the newer one counts
            details("d1", None, "2026-01-04", [*moved, visit("s3", "2026-01-04T00:00:00.000Z")], "2026-02-02"),
            late,
        ],
    )
    warehouse.run("deal_stage_visits", history)

    assert warehouse.rows(HOURS.format("deal_stage_visits")) == [
        ("d1", "s1", 24),
        ("d1", "s2", 48),
        ("d1", "s3", None),
        ("d2", "s1", 6),
        ("d4", "s1", None),
    ]


def test_given_versions_of_api_v2_when_run_twice_then_visits_begin_where_the_stage_changes(
    warehouse: Warehouse,
) -> None:
    _, seen, _ = models()
    warehouse.db.execute(f"create table deals ({DEALS})")
    warehouse.add(
        "deals",
        [
            ("d1", "s1", "2026-01-01", "2026-01-02", None, "2026-01-02"),
            ("d1", "s1", "2026-01-01", "2026-01-03", None, "2026-01-03"),  # another change, the same stage
            ("d2", "s1", "2026-01-01", "2026-01-02", None, "2026-01-02"),
        ],
    )
    warehouse.run("visits_seen", seen)
    warehouse.add(
        "deals",
        [
            ("d1", "s2", "2026-01-01", "2026-01-04", None, "2026-01-04"),
            ("d1", "s1", "2026-01-01", "2026-01-05", None, "2026-01-05"),  # back again
            ("d1", "s1", "2026-01-01", "2026-01-06", "2026-01-06", "2026-01-06"),
        ],
    )

    warehouse.run("visits_seen", seen)

    assert warehouse.rows(HOURS.format("visits_seen")) == [
        ("d1", "s1", 72),
        ("d1", "s2", 24),
        ("d1", "s1", 24),
        ("d2", "s1", None),
    ]
    assert warehouse.rows(
        "select deal_id, count(*) from visits_seen where not entry_was_seen group by 1 order by 1"
    ) == [
        ("d1", 1),
        ("d2", 1),
    ]


def test_given_open_and_closed_visits_when_summed_up_then_open_ones_count_until_now(warehouse: Warehouse) -> None:
    _, _, summary = models()
    now = datetime.now(timezone.utc).replace(tzinfo=None)
    warehouse.db.execute(
        "create table deal_stage_visits (deal_id varchar, stage_id varchar, entered_at timestamp, left_at timestamp)"
    )
    closed = ("d1", "s1", now - timedelta(days=3), now - timedelta(days=1))
    warehouse.add("deal_stage_visits", [closed, ("d2", "s1", now - timedelta(days=4), None)])

    warehouse.run("days_in_stage", summary)

    assert warehouse.rows("select * from days_in_stage") == [("s1", 2, 1, 3.0, 3.0)]
