"""Reports: dates are required, at most three months; the filter is on the opening day (conversas.md#reports)."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import Clock
from ..conversas_data.account import ConversasAccount
from ..conversas_data.reports import closed
from ..data.row import Row
from ..data.times import DAY
from ..exchange import Answer, json_answer
from ..rng import Rng
from ..settings import Settings
from .errors import wrong
from .forms import enveloped, record
from .parameters import Parameters, Place

__all__ = ["Reports"]

DEFAULT_LIMIT = 10  # unknown
MOST_DAYS = 89  # both counted: three months at their shortest, February to April, the narrowest reading of [doc2]
FILTERS: dict[str, Callable[[Row], object]] = {
    "department": lambda row: row.fields["to_department"],
    "channel": lambda row: row.fields["channel"],
    "employee": lambda row: (row.fields["employee"] or {}).get("id"),
    "tabulation": lambda row: row.fields["to_tabulation"],
    "status": lambda row: "closed" if row.fields["closed"] else "opened",
    "type": lambda row: row.fields["_type"],
}


class Reports:
    """Answers report requests of one account."""

    def __init__(self, account: ConversasAccount, clock: Clock, settings: Settings, dice: Rng) -> None:
        self._account = account
        self._clock = clock
        self._settings = settings
        self._dice = dice
        self._asked = 0

    def answer(self, asked: Parameters) -> Answer:
        """One page of a window; raises Refusal."""
        start, end = self._window(asked)
        place = asked.place(DEFAULT_LIMIT)
        if place.limit > self._settings.conversas_reports_limit:
            raise wrong(limit=f"must not be greater than {self._settings.conversas_reports_limit}")
        if asked.text("status") and self._settings.conversas_reports_status == "refused":
            raise wrong(status="is not allowed")
        self._close_one()
        rows = self._chosen(start, end, asked)
        if "reports" in self._settings.conversas_ignore_page:
            place = Place(1, place.limit)
        chosen = rows[place.span]
        if asked.text("take"):
            skip = asked.number("skip", 0)
            chosen = rows[skip : skip + asked.number("take", DEFAULT_LIMIT)]
        records = [record("reports", row, self._settings) for row in chosen]
        pages = -(-len(rows) // place.limit)
        counts = {"total": len(rows), "limit": place.limit, "page": place.number, "pages": pages}
        answer = json_answer(200, enveloped("reports", records, counts, self._settings))
        answer.rows = len(records)
        return answer

    def close(self, row: Row) -> None:
        """Somebody ends the attendance now."""
        now = self._clock.now()
        self._account.lists["reports"].change(row, closed(now), updated=now)

    def _window(self, asked: Parameters) -> tuple[int, int]:
        window = asked.window(self._settings.conversas_day_tz)
        missing = {name: "is required" for name in ("start_date", "end_date") if name not in window}
        if missing:
            raise wrong(**missing)
        start, end = window["start_date"], window["end_date"]
        if end < start:
            raise wrong(end_date="must not be before start_date")
        if end - start >= MOST_DAYS * DAY:
            raise wrong(end_date="the range must not exceed 3 months")
        return start, end

    def _chosen(self, start: int, end: int, asked: Parameters) -> list[Row]:
        reports = self._account.lists["reports"]
        view = reports.view("created", lambda row: row.created, lambda _: True, reports.shown)
        ids = view.ids((view.first_at(start), view.first_after(end)))
        rows = [reports.rows[id_] for id_ in reversed(ids)]
        for name, value in FILTERS.items():
            wanted = asked.text(name)
            if wanted and not (name == "status" and self._settings.conversas_reports_status == "ignored"):
                rows = [row for row in rows if value(row) == wanted]
        return rows

    def _close_one(self) -> None:
        self._asked += 1
        every = self._settings.conversas_close_later
        if every and self._asked % every == 0:
            still_open = [row for row in self._account.lists["reports"].rows.values() if not row.fields["closed"]]
            if still_open:
                self.close(self._dice.choice(still_open))
