"""Figures of the whole account over a window, made from its attendances and contacts (conversas.md#analytics)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ..conversas_data.account import ConversasAccount
from ..conversas_data.reports import DEPARTMENTS
from ..data.row import Row
from ..data.times import DAY
from ..exchange import Answer, json_answer
from ..settings import Settings
from .errors import wrong
from .parameters import Parameters

__all__ = ["Analytics"]

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MILLISECOND = timedelta(milliseconds=1)
SECONDS = {"min": 60, "h": 3_600, "days": 86_400}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECOND = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")  # no zone [seen]
CHOOSERS: Mapping[str, Callable[[Row], Any]] = {
    "department_ids": lambda row: row.fields["to_department"],
    "employee_ids": lambda row: (row.fields["employee"] or {}).get("id"),
}


class Analytics:
    """Answers the four paths of one account."""

    def __init__(self, account: ConversasAccount, settings: Settings) -> None:
        self._account = account
        self._settings = settings

    def summary(self, asked: Parameters) -> Answer:
        """How many attendances, and how long service and waiting took; raises Refusal."""
        rows = self._attendances(asked, chosen=True)
        served, waited = (self._mean(row.fields[name] for row in rows) for name in ("tma", "tme"))
        return json_answer(200, {"attendancesTotal": len(rows), "tma": served, "tme": waited})

    def retention(self, asked: Parameters) -> Answer:
        """How many were solved without a person, in per cent; raises Refusal."""
        rows = self._attendances(asked, chosen=False)
        alone = sum(row.fields["employee"] is None for row in rows)
        percent = round(100 * alone / len(rows), 1) if rows else 0
        return json_answer(200, {"retention": self._number(percent), "chatBotAttendances": alone})

    def reviews(self, asked: Parameters) -> Answer:
        """Mean of the reviews, in a shape that nobody recorded; raises Refusal."""
        levels = [level for row in self._attendances(asked, chosen=True) if (level := row.fields.get("level"))]
        mean = round(sum(levels) / len(levels), 2) if levels else None
        whole = {"average": mean, "total": len(levels)}
        shapes: dict[str, Any] = {"object": whole, "number": mean, "list": [whole]}
        return json_answer(200, shapes[self._settings.conversas_analytics_reviews])

    def origin(self, asked: Parameters) -> Answer:
        """New contacts by day and channel; it asks for no time zone [used]. Raises Refusal."""
        zone = self._zone(asked) if asked.text("timezone") else self._default_zone()
        start, end = self._window(asked, zone)
        rows = self._account.lists["customers"].rows.values()
        counts = Counter(
            (_local(row.created, zone).date().isoformat(), row.fields["_channel"])
            for row in rows
            if row.created is not None and start <= row.created <= end
        )
        data = [{"date": day, "origin": origin, "total": total} for (day, origin), total in sorted(counts.items())]
        answer = json_answer(200, {"data": data})
        answer.rows = len(data)
        return answer

    def _attendances(self, asked: Parameters, *, chosen: bool) -> list[Row]:
        """Those opened in the window, of the departments and people asked for where a path takes these [used]."""
        if not asked.text("timezone"):
            raise wrong(timezone="is required")
        start, end = self._window(asked, self._zone(asked))
        rows = [row for row in self._account.lists["reports"].rows.values() if start <= (row.created or 0) <= end]
        if chosen and (department := asked.text("department_ids")):
            rows = self._heeded(rows, department)
        for name, read in CHOOSERS.items() if chosen else ():
            if name == "department_ids" and self._settings.conversas_analytics_departments == "ignored":
                continue
            text, lists = asked.text(name), self._settings.conversas_analytics_lists
            if text and not ("," in text and lists == "ignored"):
                wanted = text.split(",") if lists == "obeyed" else [text]
                rows = [row for row in rows if read(row) in wanted]
        return rows

    def _heeded(self, rows: list[Row], department: str) -> list[Row]:
        """What is left of `department_ids` where it takes other ids than those in reports, or fewer."""
        mode = self._settings.conversas_analytics_departments
        if mode == "400" or (mode == "one_400" and department == DEPARTMENTS[0]):
            raise wrong(department_ids="is invalid")
        return [] if mode == "empty" else rows

    def _window(self, asked: Parameters, zone: tzinfo) -> tuple[int, int]:
        texts = {name: asked.text(name) for name in ("start_date", "end_date")}
        missing = {name: "is required" for name, text in texts.items() if not text}
        if missing:
            raise wrong(**missing)
        if self._settings.conversas_analytics_times == "refused" and any("T" in text for text in texts.values()):
            raise wrong(start_date="must be a date, YYYY-MM-DD")
        start, end = (_moment(name, text, zone) for name, text in texts.items())
        if texts["start_date"] == texts["end_date"] and self._settings.conversas_one_day == "refused":
            raise wrong(end_date="must be after start_date")
        if end < start:
            raise wrong(end_date="must not be before start_date")
        days = self._settings.conversas_analytics_range
        if days and end - start >= days * DAY:
            raise wrong(end_date=f"the range must not exceed {days} days")
        return start, end

    def _zone(self, asked: Parameters) -> tzinfo:
        try:
            return ZoneInfo(asked.text("timezone"))
        except (KeyError, ValueError, OSError) as error:  # no such name; no name at all; the name of a folder
            raise wrong(timezone="must be an IANA name") from error

    def _default_zone(self) -> tzinfo:
        return timezone(timedelta(hours=-3)) if self._settings.conversas_day_tz == "-03:00" else timezone.utc

    def _mean(self, measured: Iterable[Mapping[str, Any] | None]) -> dict[str, Any] | None:
        seconds = [float(entry["value"]) for entry in measured if entry]
        if not seconds:
            return None
        unit = self._settings.conversas_analytics_unit
        return {"val": self._number(round(sum(seconds) / len(seconds) / SECONDS[unit], 2)), "unit": unit}

    def _number(self, value: float) -> float | str:
        return str(value) if self._settings.conversas_analytics_numbers == "text" else value


def _moment(name: str, text: str, zone: tzinfo) -> int:
    """The instant; of a plain end date, its day's last millisecond: both days count, as in reports [guess]."""
    if not (_DAY.fullmatch(text) or _SECOND.fullmatch(text)):
        raise wrong(**{name: "must be a date, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS"})
    try:
        local = datetime.fromisoformat(text)
    except ValueError as error:
        raise wrong(**{name: "must be a date, YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS"}) from error
    last = timedelta()
    if name == "end_date":
        last = timedelta(days=1) if len(text) == len("2026-01-01") else timedelta(seconds=1)
    return ((local + last).replace(tzinfo=zone) - EPOCH) // MILLISECOND - (1 if last else 0)


def _local(instant: int, zone: tzinfo) -> datetime:
    return (EPOCH + instant * MILLISECOND).astimezone(zone)
