"""Arranges the figures as sections of a page in one language, and draws the page in both.

Bars are lines of text with a bar below, columns are inline SVG; lengths are parts of the width, so that the same page
fits a phone. Behind each chart is a table with the same figures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from demo.report.figures import Figures, Row, last_months
from demo.report.texts import LANGUAGES, Language

__all__ = ["draw"]

NEEDED = {
    "funnel": ("stages", "deal_stages"), "time": ("stages", "deal_stages", "deals_details"),
    "responses": ("messages",), "service": ("reports",),
}  # fmt: skip
"""The streams, of one API or the other, without which a section is empty."""
RANKS_SHOWN = 15  # of a chart from most to least; its table has them all


@dataclass(frozen=True)
class Bar:
    """One bar: its label, its length as a part of the longest, the figure in words."""

    label: str
    part: float
    text: str


@dataclass(frozen=True)
class Chart:
    """Bars below each other, or columns side by side; `summary` says in a sentence what it shows.

    `more` is how many bars are left to the table.
    """

    title: str
    summary: str
    bars: Sequence[Bar]
    kind: Literal["bars", "columns"] = "bars"
    more: int = 0


@dataclass(frozen=True)
class Section:
    """A heading, charts, and the table behind them; `nothing` stands in their place where there are no rows."""

    name: str
    title: str
    note: str
    charts: Sequence[Chart]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    nothing: str = ""


def draw(figures: Figures) -> str:
    """Return the page: HTML with nothing to load, Portuguese and English, a switch between them."""
    jinja = Environment(
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, autoescape=True, trim_blocks=True
    )
    views = [
        {
            "language": language,
            "newest": language.moment(figures.newest),
            "missing": ", ".join(figures.missing),
            "tiles": _tiles(figures, language),
            "sections": _sections(figures, language),
        }
        for language in LANGUAGES
    ]
    return jinja.get_template("page.html.j2").render(views=views)


def _tiles(figures: Figures, language: Language) -> list[tuple[str, str]]:
    """Return name and figure of each tile."""
    tiles: list[tuple[str, str]] = []
    if deals := figures.key_figures:
        tiles += [
            ("won_value", language.money(deals["won_value"])),
            ("won_deals", language.number(deals["won_deals"])),
            ("win_rate", language.percent(deals["win_rate"])),
            ("open_value", language.money(deals["open_value"])),
            ("open_deals", language.number(deals["open_deals"])),
            ("days_to_win", language.days(deals["mean_days_to_win"])),
        ]
    if talks := figures.conversas:
        tiles += [
            ("first_response", language.duration(talks["median_first_response_seconds"])),
            ("attendances", language.number(talks["attendances"])),
        ]
    return [(language.texts[name], figure) for name, figure in tiles]


def _sections(figures: Figures, language: Language) -> list[Section]:
    sections: list[Section] = []
    if figures.key_figures:
        sections += [
            _by_month(figures, language),
            _funnel(figures, language),
            _time_in_stage(figures, language),
            _lost_reasons(figures, language),
            _sellers(figures, language),
            _forecast(figures, language),
        ]
    if figures.conversas:
        sections += [_responses(figures, language), _employees(figures, language)]
    return [replace(section, nothing=_nothing(section.name, figures, language)) for section in sections]


def _nothing(section: str, figures: Figures, language: Language) -> str:
    """Return why a section has no rows."""
    needed = NEEDED.get(section, ())
    if section not in ("responses", "service") and figures.key_figures and not figures.key_figures["deals"]:
        needed = ("deals", "deals_details", *needed)
    for name in needed:
        if name in figures.missing:
            return language.texts["not_synced"].format(name)
    if section == "time" and needed == NEEDED[section] and not figures.stages_were_seen:
        return language.texts["time_unknown"]
    return language.texts["nothing"]


def _by_month(figures: Figures, language: Language) -> Section:
    rows = last_months(figures.won_by_month, figures.newest)
    bars = _bars(rows, lambda row: language.short_month(row["month"]), lambda row: row.get("value"), language.money)
    return Section(
        "by_month", language.texts["by_month"], language.texts["by_month_note"],
        [_chart(language, "", bars, "columns")],
        _header(language, "month", "won_deals", "won_value"),
        [(language.month(row["month"]), language.number(row.get("deals", 0)), language.money(row.get("value", 0)))
         for row in rows],
    )  # fmt: skip


def _funnel(figures: Figures, language: Language) -> Section:
    return Section(
        "funnel", language.texts["funnel"], language.texts["funnel_note"],
        _by_pipeline(figures.funnel, language, "reached", language.number),
        _header(language, "pipeline", "stage", "reached", "open_here", "lost_here", "to_next"),
        [(_name(row, "pipeline", language), _name(row, "stage", language), language.number(row["reached"]),
          language.number(row["open_here"]), language.number(row["lost_here"]),
          language.percent(row["conversion_to_next"])) for row in figures.funnel],
    )  # fmt: skip


def _time_in_stage(figures: Figures, language: Language) -> Section:
    note = language.texts["time_note"]
    return Section(
        "time", language.texts["time"],
        note if figures.stages_were_seen else f"{note} {language.texts['time_seen_note']}",
        _by_pipeline(figures.time_in_stage, language, "median_days", language.days),
        _header(language, "pipeline", "stage", "visits", "median_days", "mean_days"),
        [(_name(row, "pipeline", language), _name(row, "stage", language), language.number(row["visits"]),
          language.number(row["median_days"], 1), language.number(row["mean_days"], 1))
         for row in figures.time_in_stage],
    )  # fmt: skip


def _lost_reasons(figures: Figures, language: Language) -> Section:
    rows = figures.lost_reasons
    bars = _bars(rows, lambda row: _name(row, "lost_reason", language), lambda row: row["deals"], language.number)
    return Section(
        "lost", language.texts["lost"], language.texts["lost_note"], [_ranks(language, bars)],
        _header(language, "reason", "lost_deals", "value"),
        [(_name(row, "lost_reason", language), language.number(row["deals"]), language.money(row["value"]))
         for row in rows],
    )  # fmt: skip


def _sellers(figures: Figures, language: Language) -> Section:
    rows = figures.sellers
    bars = _bars(rows, lambda row: _name(row, "owner", language), lambda row: row["won_value"], language.money)
    return Section(
        "sellers", language.texts["sellers"], language.texts["sellers_note"], [_ranks(language, bars)],
        _header(language, "seller", "won_value", "won_deals", "lost_deals", "win_rate", "open_deals", "open_value"),
        [(_name(row, "owner", language), language.money(row["won_value"]), language.number(row["won_deals"]),
          language.number(row["lost_deals"]), language.percent(row["win_rate"]), language.number(row["open_deals"]),
          language.money(row["open_value"])) for row in rows],
    )  # fmt: skip


def _forecast(figures: Figures, language: Language) -> Section:
    def label(row: Row) -> str:
        if row["month"] is None:
            return language.texts["overdue" if row["is_overdue"] else "no_day"]
        month = language.month(row["month"])
        return f"{month} · {language.texts['overdue']}" if row["is_overdue"] else month

    rows = figures.forecast
    late = [row["value"] for row in rows if row["is_overdue"]]
    coming = [row for row in rows if not row["is_overdue"]]
    if late:
        coming.insert(0, {"month": None, "is_overdue": True, "value": sum(late)})
    bars = _bars(coming, label, lambda row: row["value"], language.money)
    return Section(
        "forecast", language.texts["forecast"], language.texts["forecast_note"], [_chart(language, "", bars)],
        _header(language, "month", "open_deals", "open_value"),
        [(label(row), language.number(row["deals"]), language.money(row["value"])) for row in rows],
    )  # fmt: skip


def _responses(figures: Figures, language: Language) -> Section:
    rows = last_months(figures.responses, figures.newest)
    bars = _bars(
        rows, lambda row: language.short_month(row["month"]),
        lambda row: row.get("median_first_response_seconds"), language.duration,
    )  # fmt: skip
    return Section(
        "responses", language.texts["responses"], language.texts["responses_note"],
        [_chart(language, "", bars, "columns")],
        _header(language, "month", "conversations", "answered", "first_response"),
        [(language.month(row["month"]), language.number(row.get("conversations", 0)),
          language.number(row.get("answered", 0)),
          language.duration(row.get("median_first_response_seconds"))) for row in rows],
    )  # fmt: skip


def _employees(figures: Figures, language: Language) -> Section:
    def label(row: Row) -> str:
        return _name(row, "employee", language) if row["employee_id"] else language.texts["bot"]

    rows = figures.employees
    bars = _bars(rows, label, lambda row: row["attendances"], language.number)
    return Section(
        "service", language.texts["service"], language.texts["service_note"], [_ranks(language, bars)],
        _header(language, "employee", "attendances", "mean_wait", "mean_service", "rating"),
        [(label(row), language.number(row["attendances"]), language.duration(row["mean_wait_seconds"]),
          language.duration(row["mean_service_seconds"]), language.number(row["mean_rating"], 1)) for row in rows],
    )  # fmt: skip


def _by_pipeline(rows: Sequence[Row], language: Language, column: str, form: Callable[[Any], str]) -> list[Chart]:
    charts = []
    for _, group in groupby(rows, lambda row: row["pipeline_id"]):
        stages = list(group)
        bars = _bars(stages, lambda row: _name(row, "stage", language), lambda row: row[column], form)
        charts.append(_chart(language, _name(stages[0], "pipeline", language), bars))
    return charts


def _bars(
    rows: Iterable[Row], label: Callable[[Row], str], value: Callable[[Row], Any], form: Callable[[Any], str]
) -> list[Bar]:
    values = [(label(row), value(row)) for row in rows]
    longest = max([0.0, *(float(figure or 0) for _, figure in values)]) or 1
    return [Bar(name, max(0.0, float(figure or 0)) / longest, form(figure)) for name, figure in values]


def _chart(language: Language, title: str, bars: Sequence[Bar], kind: Literal["bars", "columns"] = "bars") -> Chart:
    highest = max(bars, key=lambda bar: bar.part, default=None)
    summary = f"{language.texts['highest']}: {highest.label}, {highest.text}" if highest else language.texts["nothing"]
    return Chart(title, summary, bars, kind)


def _ranks(language: Language, bars: Sequence[Bar]) -> Chart:
    chart = _chart(language, "", bars)
    return replace(chart, bars=bars[:RANKS_SHOWN], more=max(0, len(bars) - RANKS_SHOWN))


def _header(language: Language, *names: str) -> list[str]:
    return [language.texts[name] for name in names]


def _name(row: Row, of: str, language: Language) -> str:
    """Return the name of a row's stage, owner or the like; its id where a name is not known, as of a deleted user."""
    return str(row[f"{of}_name"] or row[f"{of}_id"] or language.texts["none"])
