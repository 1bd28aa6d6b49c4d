"""The report's figures: what each section asks of the models. Sums over their rows, and no definition of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from demo.report.models import CONVERSAS, V1, V2, Models

__all__ = ["MONTHS_SHOWN", "Figures", "collect", "last_months"]

MONTHS_SHOWN = 12
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NEEDED = {
    V2: ("deals", "pipelines", "stages", "users", "lost_reasons"),
    V1: ("deals_details", "deal_pipelines", "deal_stages", "users", "reasons_for_loss"),
    CONVERSAS: ("messages", "reports"),
}
Row = dict[str, Any]

KEY_FIGURES = "select * from {{ ref('rdstation__key_figures') }}"
WON_BY_MONTH = """
    select month, sum(deals) as deals, sum(value) as value from {{ ref('rdstation__won_by_month') }}
    group by month order by month
"""
FUNNEL = """
    select stages.* from {{ ref('rdstation__funnel') }} as stages
    left join {{ ref('stg_rdstation__pipelines') }} as pipelines on pipelines.id = stages.pipeline_id
    order by pipelines.position, stages.pipeline_id, stages.position
"""
TIME_IN_STAGE = """
    select stages.* from {{ ref('rdstation__time_in_stage') }} as stages
    left join {{ ref('stg_rdstation__pipelines') }} as pipelines on pipelines.id = stages.pipeline_id
    order by pipelines.position, stages.pipeline_id, stages.position
"""
LOST_REASONS = """
    select lost_reason_id, lost_reason_name, sum(deals) as deals, sum(value) as value
    from {{ ref('rdstation__lost_reasons') }}
    group by lost_reason_id, lost_reason_name order by deals desc, lost_reason_name
"""
SELLERS = "select * from {{ ref('rdstation__sellers') }} order by won_value desc, owner_name"
FORECAST = """
    select month, coalesce(is_overdue, false) as is_overdue, sum(deals) as deals, sum(value) as value
    from {{ ref('rdstation__forecast') }} group by 1, 2 order by is_overdue desc, month nulls last
"""
CONVERSAS_KEY_FIGURES = "select * from {{ ref('rdstation_conversas__key_figures') }}"
RESPONSES = "select * from {{ ref('rdstation_conversas__response_times') }} order by month"
EMPLOYEES = "select * from {{ ref('rdstation_conversas__employees') }} order by attendances desc, employee_name"
NEWEST = """
    select max(moment) as moment from (
        select max(delivered_at) as moment from {{ ref('stg_rdstation__deals') }}
        union all select max(delivered_at) from {{ ref('stg_rdstation_conversas__reports') }}
    )
"""


@dataclass(frozen=True)
class Figures:
    """Rows of the models; the lists of an API that was not given are empty, its key figures None."""

    newest: datetime | None
    """When the newest row arrived, in São Paulo."""
    missing: list[str]
    """Streams without a table, on which a part of the page depends."""
    stages_were_seen: bool
    """Whether time in stage comes from RD Station's own history."""
    key_figures: Row | None
    won_by_month: list[Row]
    funnel: list[Row]
    time_in_stage: list[Row]
    lost_reasons: list[Row]
    sellers: list[Row]
    forecast: list[Row]
    conversas: Row | None
    responses: list[Row]
    employees: list[Row]


def collect(files: Mapping[str, Path], **variables: Any) -> Figures:
    """Read the figures from a DuckDB file for each source (see models.Models).

    API v2 is read where both APIs of the CRM are given; the history of stages, which it lacks, then comes from API v1.
    """
    crm = V2 if V2 in files else V1
    with Models(files) as models:
        history = V1 if crm == V1 or models.has(V1, NEEDED[V1][0]) else V2
    apis = {"rdstation_api": crm[-2:], "rdstation_stage_history": history[-2:]}
    with Models(files, **apis, **variables) as models:
        deals, talks = crm in files, CONVERSAS in files
        needed = {source: NEEDED[source] for source in files} | (
            {V1: NEEDED[V1][:1]} if files.keys() >= {V1, V2} else {}
        )
        newest = models.rows(NEWEST)[0]["moment"]
        return Figures(
            newest=newest and newest.replace(tzinfo=timezone.utc).astimezone(SAO_PAULO),
            missing=[name for source, names in needed.items() for name in names if not models.has(source, name)],
            stages_were_seen=history == V1,
            key_figures=models.rows(KEY_FIGURES)[0] if deals else None,
            won_by_month=models.rows(WON_BY_MONTH),
            funnel=models.rows(FUNNEL),
            time_in_stage=models.rows(TIME_IN_STAGE),
            lost_reasons=models.rows(LOST_REASONS),
            sellers=models.rows(SELLERS),
            forecast=models.rows(FORECAST),
            conversas=models.rows(CONVERSAS_KEY_FIGURES)[0] if talks else None,
            responses=models.rows(RESPONSES),
            employees=models.rows(EMPLOYEES),
        )


def last_months(rows: Sequence[Row], newest: datetime | None) -> list[Row]:
    """Return the rows of the last twelve months, and a row without figures for each month that has none.

    Nothing where there are no rows at all.
    """
    if newest is None or not rows:
        return []
    last = newest.year * 12 + newest.month - 1
    known = {row["month"]: row for row in rows}
    months = [date(number // 12, number % 12 + 1, 1) for number in range(last - MONTHS_SHOWN + 1, last + 1)]
    return [known.get(month, {"month": month}) for month in months]
