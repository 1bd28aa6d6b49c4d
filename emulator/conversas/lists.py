"""The short lists, and the contacts page by page (conversas.md#contacts, conversas.md#small-lists)."""

from __future__ import annotations

from ..conversas_data.account import ConversasAccount
from ..data.row import Row
from ..exchange import Answer, json_answer
from ..rng import Rng
from ..settings import Settings
from .forms import enveloped, record
from .parameters import Parameters, Place

__all__ = ["Lists"]

DEFAULT_LIMIT = 20  # unknown (conversas.md#contacts)


class Lists:
    """Answers list requests of one account."""

    def __init__(self, account: ConversasAccount, settings: Settings, dice: Rng) -> None:
        self._account = account
        self._settings = settings
        self._dice = dice
        self._order: list[str] = []  # of the walk over contacts that began last

    def whole(self, name: str) -> Answer:
        """A list without pages."""
        rows = self._account.lists[name].rows.values()
        records = [record(name, row, self._settings) for row in rows]
        answer = json_answer(200, enveloped(name, records, {}, self._settings))
        answer.rows = len(records)
        return answer

    def customers(self, asked: Parameters) -> Answer:
        """One page; X- headers tell how many there are. A larger `limit` is cut in silence.

        Facts: conversas.md#unknowns row 3.
        """
        settings = self._settings
        place = asked.place(DEFAULT_LIMIT)
        place = Place(place.number, min(place.limit, settings.conversas_customers_cap))
        if "customers" in settings.conversas_ignore_page:
            place = Place(1, place.limit)
        rows = self._ordered(place.number)
        channels = asked.text("channels").split(",") if asked.text("channels") else []
        if channels:
            rows = [row for row in rows if row.fields["_channel"] in channels]
        step = max(1, place.limit - 1) if settings.conversas_unsorted == "overlap" else place.limit
        first = (place.number - 1) * step
        records = [record("customers", row, settings) for row in rows[first : first + place.limit]]
        answer = json_answer(200, enveloped("customers", records, {}, settings))
        answer.rows = len(records)
        if settings.conversas_x_headers:
            counts = {"Limit": place.limit, "Page": place.number, "Pages": -(-len(rows) // step), "Total": len(rows)}
            answer.headers |= {f"X-{name}": str(count) for name, count in counts.items()}
        return answer

    def _ordered(self, page: int) -> list[Row]:
        """No order is promised; a shuffled one holds from one first page to the next, so that a walk can be whole."""
        rows = self._account.lists["customers"].rows
        if self._settings.conversas_unsorted != "shuffle":
            return list(rows.values())
        if page == 1 or not self._order:
            self._order = self._dice.sample(list(rows), len(rows))
        return [rows[id_] for id_ in self._order if id_ in rows]
