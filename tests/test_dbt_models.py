"""The dbt package's models over tables as a customer may have them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from demo.report.models import PACKAGE, V1, V2, Models
from warehouse import EXTRACTED, Tables, write_tables

TODAY = "2026-11-30 12:00:00"


def stored(folder: Path, tables: Tables) -> Path:
    return write_tables(folder / "account.duckdb", tables, TODAY)


def rows(path: Path, query: str, api: str = V2, **variables: Any) -> list[dict[str, Any]]:
    version = api[-2:]
    with Models({api: path}, rdstation_api=version, rdstation_stage_history=version, **variables) as models:
        return models.rows(query)


def test_amounts_and_days_are_read_and_other_texts_are_not(tmp_path: Path) -> None:
    wrong = (PACKAGE / "tests" / "amounts_and_days_are_read.sql").read_text(encoding="utf-8")

    assert rows(stored(tmp_path, {}), wrong) == []


SLUGS = {
    "o'brien": "cf_o_brien", 'a"b': "cf_a_b", "c\\d": "cf_c_d", "e/f~g": "cf_e_f_g", "2026": "cf_2026", "id": "cf_id",
    "x" * 100: f"cf_{'x' * 50}", "x" * 99 + "y": f"cf_{'x' * 50}__2",
}  # fmt: skip


def test_any_slug_is_found_in_a_deal(tmp_path: Path) -> None:
    fields = [
        {"id": f"{place:02}", "slug": slug, "name": slug, "type": "text", "entity": "deal"}
        for place, slug in enumerate(SLUGS)
    ]
    deal = {"id": "d", "custom_fields": {slug: f"value of {slug}" for slug in SLUGS}}

    (row,) = rows(
        stored(tmp_path, {"deals": [deal], "custom_fields": fields}), "select * from {{ ref('rdstation__deals') }}"
    )

    assert {column: row[column] for column in SLUGS.values()} == {
        column: f"value of {slug}" for slug, column in SLUGS.items()
    }


@pytest.mark.parametrize("api", [V2, V1])
def test_a_list_is_read_as_people_write_it(api: str, tmp_path: Path) -> None:
    choices = ["São Paulo", 'ações "A"', "a, b"]
    written = {"canais": choices} if api == V2 else [{"custom_field_id": "f", "value": choices}]
    tables: Tables = {
        "custom_fields": [
            {"id": "f", "slug": "canais", "label": "canais", "type": "multiple_choice", "entity": "deal", "for": "deal"}
        ],
        "deals": [{"id": "a", "custom_fields": written}, {"id": "b", "custom_fields": ["x"]}, {"id": "c"}],
        "deals_details": [{"id": "a", "deal_custom_fields": written}, {"id": "b", "deal_custom_fields": {"x": 1}}],
    }

    found = rows(
        stored(tmp_path, tables), "select cf_canais from {{ ref('rdstation__deals') }} order by deal_id limit 2", api
    )

    assert found == [{"cf_canais": 'São Paulo, ações "A", a, b'}, {"cf_canais": None}]


VISITS = (
    "select stage_id, entered_at, left_at from {{ ref('rdstation__deal_stage_visits') }} order by deal_id, entered_at"
)
DAYS = "select stage_id, visits, still_there, mean_days from {{ ref('rdstation__time_in_stage') }}"


def test_a_won_deal_without_a_date_leaves_its_stage_with_its_last_change(tmp_path: Path) -> None:
    visit = {"deal_stage_id": "s", "start_date": "2026-01-01T00:00:00Z", "end_date": None}
    deal = {"updated_at": "2026-01-05 00:00:00", "deal_stage_histories": [visit]}
    deals: list[dict[str, Any]] = [
        {**deal, "id": "a", "win": True},
        {**deal, "id": "b", "closed_at": "2025-12-01 00:00:00"},  # reopened: its old date is still there
    ]

    found = rows(stored(tmp_path, {"deals_details": deals}), VISITS, V1)

    assert [row["left_at"] for row in found] == [datetime(2026, 1, 5), None]  # noqa: DTZ001 - UTC, as tables have it


def test_no_visit_is_shorter_than_nothing(tmp_path: Path) -> None:
    deal = {"id": "a", "created_at": "2026-01-01 00:00:00"}
    versions = [
        {**deal, "stage_id": "s", "status": "ongoing", "updated_at": "2026-01-02 00:00:00"},
        {
            **deal,
            "stage_id": "t",
            "status": "won",
            "updated_at": "2026-01-09 00:00:00",
            "closed_at": "2026-01-03 00:00:00",
        },
    ]

    found = rows(stored(tmp_path, {"deals": versions}), VISITS)

    assert [(row["left_at"] - row["entered_at"]).days for row in found] == [8, 0]


def test_what_is_gone_stands_in_no_stage_and_is_none(tmp_path: Path) -> None:
    stage = {"name": "Proposta", "order": 1, "pipeline_id": "p"}
    earlier = {EXTRACTED: "2026-11-01 12:00:00"}
    tables: Tables = {
        "stages": [{**stage, "id": "s"}, {**stage, "id": "deleted", **earlier}],
        "deals": [
            {
                "id": name,
                "status": "ongoing",
                "stage_id": stage_id,
                "pipeline_id": "p",
                "updated_at": moved,
                **at,
            }
            for name, at in (("here", {}), ("gone", earlier))
            for stage_id, moved in (("before", "2026-11-01 12:00:00"), ("s", "2026-11-29 12:00:00"))
        ],
    }
    path = stored(tmp_path, tables)
    given: dict[str, Any] = {"rdstation_full_refreshes": {"deals": "2026-11-30 00:00:00"}, "rdstation_now": TODAY}

    assert rows(path, DAYS, **given) == [{"stage_id": "s", "visits": 1, "still_there": 1, "mean_days": 1.0}]
    assert rows(path, "select stage_id, reached from {{ ref('rdstation__funnel') }}", **given) == [
        {"stage_id": "s", "reached": 1}
    ]


def test_time_in_stage_is_not_the_age_of_deals_that_were_never_seen_to_move(tmp_path: Path) -> None:
    old = {"id": "old", "stage_id": "s", "created_at": "2025-01-01 12:00:00", "updated_at": "2026-11-01 12:00:00"}
    new = {"id": "new", "stage_id": "s", "created_at": "2026-11-29 12:00:00", "updated_at": "2026-11-29 13:00:00"}
    first_sync = {EXTRACTED: "2026-11-20 12:00:00"}
    stages = [{"id": "s", "name": "Proposta", "order": 1, "pipeline_id": "p"}]
    one_version, versions = [{**old, **first_sync}, new], [{**old, **first_sync}, {**old, "updated_at": TODAY}, new]
    given: dict[str, Any] = {"rdstation_now": TODAY}

    found = [
        rows(write_tables(tmp_path / f"{name}.duckdb", {"deals": deals, "stages": stages}, TODAY), DAYS, **given)
        for name, deals in (("deduped", one_version), ("appended", versions))
    ]

    assert found == [[], [{"stage_id": "s", "visits": 1, "still_there": 1, "mean_days": 1.0}]]


def test_a_move_without_a_date_of_change_is_as_old_as_its_arrival(tmp_path: Path) -> None:
    deal = {"id": "a", "status": "ongoing", "created_at": "2026-11-01 12:00:00"}
    versions = [{**deal, "stage_id": "s", "updated_at": "2026-11-02 12:00:00"}, {**deal, "stage_id": "t"}]

    found = rows(stored(tmp_path, {"deals": versions}), VISITS)

    assert [str(row["entered_at"]) for row in found] == ["2026-11-01 12:00:00", TODAY]


def test_a_visit_of_an_older_history_ends_with_the_deal_of_the_newer_table(tmp_path: Path) -> None:
    visit = {"deal_stage_id": "s", "start_date": "2026-01-01T00:00:00Z", "end_date": None}
    older = write_tables(
        tmp_path / "v1.duckdb", {"deals_details": [{"id": "a", "deal_stage_histories": [visit]}]}, TODAY
    )
    newer = stored(tmp_path, {"deals": [{"id": "a", "status": "lost", "closed_at": "2026-01-03 00:00:00"}]})

    with Models({V2: newer, V1: older}, rdstation_api="v2", rdstation_stage_history="v1") as models:
        (found,) = models.rows(VISITS)

    assert (found["left_at"] - found["entered_at"]).days == 2
