"""Rows of DuckDB as `make push` sends them: every type in a form that JSON has."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from demo.rows import batches

TYPES: list[tuple[str, Any]] = [
    ("NULL", None),
    ("true", True),
    ("'Ana'", "Ana"),
    ("7::TINYINT", 7),
    ("170141183460469231731687303715884105727::HUGEINT", 170141183460469231731687303715884105727),
    ("1.1::FLOAT", 1.1),
    ("'nan'::FLOAT", None),
    ("'inf'::DOUBLE", None),
    ("'-inf'::DOUBLE", None),
    ("1500::DECIMAL(38, 9)", 1500),
    ("1.500::DECIMAL(10, 3)", 1.5),
    ("12345678901234567890.123::DECIMAL(38, 3)", "12345678901234567890.123"),
    ("DATE '2024-01-31'", "2024-01-31"),
    ("TIMESTAMP '2024-01-31 10:00:00.5'", "2024-01-31 10:00:00.5"),
    ("TIMESTAMP_NS '2024-01-31 10:00:00.123456789'", "2024-01-31 10:00:00.123456789"),
    ("TIMESTAMPTZ '2024-01-31 10:00:00+00'", "2024-01-31 10:00:00+00"),
    ("DATE 'infinity'", "infinity"),
    ("TIME '10:11:12'", "10:11:12"),
    ("INTERVAL '2 months 3 days'", "2 months 3 days"),
    ("'350dea17-d342-4191-b09b-15ac2d925047'::UUID", "350dea17-d342-4191-b09b-15ac2d925047"),
    ("'\\x00\\xAA'::BLOB", "AKo="),
    ("'0101'::BIT", "0101"),
    ("'a'::ENUM('a', 'b')", "a"),
    ("""'{"line":"Rua A","n":[1,null]}'::JSON""", {"line": "Rua A", "n": [1, None]}),
    ("""'"Rua A"'::JSON""", "Rua A"),
    ("'null'::JSON", None),
    ("[1, NULL, 3]", [1, None, 3]),
    ("['nan'::DOUBLE]", [None]),
    ("[1, 2]::INT[2]", [1, 2]),
    (
        """{'line': 'Rua A', 'day': DATE '2024-01-31', 'of': [{'price': 1.50::DECIMAL(5, 2), 'j': '{"a":1}'::JSON}]}""",
        {"line": "Rua A", "day": "2024-01-31", "of": [{"price": 1.5, "j": {"a": 1}}]},
    ),
    ("MAP {'a': 1, 'b': 2}", {"a": 1, "b": 2}),
    ("MAP {1: 'a'}", {"1": "a"}),
    ("{'a': 1, 'b': [NULL, 2]}::VARIANT", {"a": 1, "b": [None, 2]}),
    ("union_value(number := 2)", "2"),
]


@pytest.fixture
def tables() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@pytest.mark.parametrize(("sql", "expected"), TYPES, ids=[sql for sql, _ in TYPES])
def test_given_a_type_of_duckdb_when_read_then_it_is_a_value_of_json(
    tables: duckdb.DuckDBPyConnection, sql: str, expected: Any
) -> None:
    rows = tables.sql(f"""SELECT {sql} AS "a ""column\"""")

    (batch,) = batches(rows, 10)

    assert batch == [{'a "column': expected}]
    json.dumps(batch, allow_nan=False)


def test_given_more_rows_than_a_batch_when_read_then_every_row_comes_once(tables: duckdb.DuckDBPyConnection) -> None:
    read = [[row["n"] for row in batch] for batch in batches(tables.sql("SELECT range AS n FROM range(25)"), 10)]

    assert read == [[*range(10)], [*range(10, 20)], [*range(20, 25)]]
