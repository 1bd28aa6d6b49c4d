"""Campaigns (conversas.md#campaigns): a list of ids and titles, and one by one with their figures."""

from __future__ import annotations

import re
from typing import Any

from ..conversas_data.account import ConversasAccount
from ..data.row import Row
from ..data.times import DAY
from ..exchange import Answer, Refusal, json_answer
from ..settings import Settings
from .errors import wrong
from .forms import enveloped
from .parameters import Parameters, Place

__all__ = ["ROUTE", "Campaigns"]

ROUTE = re.compile("/v1/campaigns/(?P<id>[^/]+)")
DEFAULT_LIMIT, LARGEST_LIMIT = 25, 200  # of the vendor's node [used]; more is cut in silence [guess]
BROKEN, GONE = 0, 1  # of the campaigns as they began


class Campaigns:
    """Answers campaign requests of one account."""

    def __init__(self, account: ConversasAccount, settings: Settings) -> None:
        self._account = account
        self._settings = settings
        self._details = 0

    def answer(self, asked: Parameters) -> Answer:
        """One page, or everything in one answer; both days are optional, and compared with the making [guess]."""
        settings = self._settings
        rows = self._chosen(asked)
        place = asked.place(DEFAULT_LIMIT)
        place = Place(place.number, min(place.limit, LARGEST_LIMIT))
        if "campaigns" in settings.conversas_ignore_page:
            place = Place(1, place.limit)
        shown = rows[place.span] if settings.conversas_campaigns_paged else rows
        more = settings.conversas_campaigns_paged and place.number * place.limit < len(rows)
        counts: dict[str, Any] = {}
        if settings.conversas_campaigns_has_more != "absent":
            counts["has_more"] = more or settings.conversas_campaigns_has_more == "always"
        if settings.conversas_campaigns_total:
            counts["total"] = len(rows)
        answer = json_answer(200, enveloped("campaigns", [self.listed(row) for row in shown], counts, settings))
        answer.rows = len(shown)
        return answer

    def detail(self, id_: str) -> Answer:
        """A single campaign, if it can be had (conversas.md#unknowns row 23); raises Refusal."""
        settings = self._settings
        self._details += 1
        every = settings.conversas_campaign_flaky
        if id_ == self.broken() or (every and self._details % every == 0):
            raise Refusal(json_answer(500, {"message": "Internal server error"}))
        row = self._account.lists["campaigns"].rows.get(id_)
        if row is None or id_ == self.gone():
            raise Refusal(json_answer(404, {"error": "Campaign not found"}))
        record = self.record(row)
        return json_answer(200, {"data": record} if settings.conversas_campaign_envelope == "data" else record)

    def listed(self, row: Row) -> dict[str, Any]:
        """What the list tells."""
        return {"id": row.id, "title": row.fields["title"]}

    def record(self, row: Row) -> dict[str, Any]:
        """What the single record tells."""
        return {"id": row.id, **row.fields}

    def broken(self) -> str:
        """The campaign whose detail is always 500; "" for none."""
        return self._marked(BROKEN)

    def gone(self) -> str:
        """The one that is listed, but has no detail."""
        return self._marked(GONE)

    def _marked(self, number: int) -> str:
        ids = self._account.lists["campaigns"].initial_ids
        return ids[number] if self._settings.conversas_campaign_broken and number < len(ids) else ""

    def _chosen(self, asked: Parameters) -> list[Row]:
        window = asked.window(self._settings.conversas_day_tz)
        start, end = window.get("start_date", 0), window.get("end_date", 1 << 62)
        if end < start:
            raise wrong(end_date="must not be before start_date")
        days = self._settings.conversas_campaigns_range
        if days and end - start >= days * DAY:
            raise wrong(end_date=f"the range must not exceed {days} days")
        if self._settings.conversas_campaigns_days == "ignored":
            start, end = 0, 1 << 62
        rows = self._account.lists["campaigns"].rows.values()
        return [row for row in reversed(rows) if start <= (row.created or 0) <= end]
