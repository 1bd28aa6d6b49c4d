"""Every column of the dbt package's models is described, and nothing is described that is no column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from demo.report.models import PACKAGE, Models

DESCRIBED: dict[str, dict[str, Any]] = {
    model["name"]: model
    for path in PACKAGE.glob("models/**/*.yml")
    for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", [])
}
MODELS = sorted(path.stem for path in PACKAGE.glob("models/**/*.sql"))


@pytest.fixture(scope="module", params=["v2", "v1"])
def models(request: pytest.FixtureRequest) -> Iterator[Models]:
    with Models({}, rdstation_api=request.param, rdstation_stage_history=request.param) as models:
        yield models


def test_every_model_is_described() -> None:
    assert sorted(DESCRIBED) == MODELS


@pytest.mark.parametrize("name", MODELS)
def test_every_column_is_described_whichever_api_is_read(name: str, models: Models) -> None:
    described = {column["name"]: column["description"] for column in DESCRIBED[name]["columns"]}

    assert list(described) == models.columns(name)
    assert DESCRIBED[name]["description"]
    assert all(described.values())


def test_a_table_that_was_not_synced_is_empty(models: Models) -> None:
    assert models.rows("from {{ ref('rdstation__deals') }}") == []
    assert models.rows("select deals from {{ ref('rdstation__key_figures') }}") == [{"deals": 0}]
