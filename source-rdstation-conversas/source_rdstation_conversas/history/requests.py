"""How the history of a contact is asked for: one span of time, or windows where RD Station refuses it as too long.

Facts: docs/api/conversas.md#message-history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final, TypeAlias

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import RequestRefusedError, system_error
from source_rdstation_conversas.client_conversas import day_windows
from source_rdstation_conversas.config import Settings
from source_rdstation_conversas.envelopes import HistoryPage, read_history
from source_rdstation_conversas.history.pages import OpenedPage

__all__ = ["History", "Sighting", "TimeRange"]

_PATH: Final = "/v2/messages/history"
_LIMIT: Final = 100  # messages a page, the most [doc2][seen]
_MOST_PAGES: Final = 10_000  # of one contact and span: a million messages
_REPEATS: Final = 3  # a page that comes so often in a row is no page of a list
_REPEATS_UNREAD: Final = 12  # ciphertexts of the same length may be chance
_ONE_DAY: Final = timedelta(days=1)

TimeRange: TypeAlias = "tuple[date, date | None]"
"""First and last day, the last one open where None."""


@dataclass(frozen=True)
class Sighting:
    """One page of a contact's read, as it was seen."""

    page: OpenedPage
    again: Callable[[], OpenedPage]
    """Reads the page once more."""
    before: Callable[[], OpenedPage] | None
    """Reads the page before it once more; None where there is none, or it belongs to another window."""


class History:
    """The history of one account's contacts, for one stream."""

    def __init__(
        self,
        api: Api,
        settings: Settings,
        *,
        stream: str,
        opened: Callable[[HistoryPage], OpenedPage],
        on_request: Callable[[], None],
    ) -> None:
        """`opened` makes of an answer what the stream knows of it."""
        self._api = api
        self._stream = stream
        self._opened = opened
        self._on_request = on_request
        # Repeated parameters: a comma-joined list answers 200 with zero messages [seen]; without them the API's own
        # defaults hide messages [seen].
        self._chosen = {
            "channel": list(settings.channels),
            "sent_by": list(settings.senders),
            "type": list(settings.message_types),
        }
        self._split = False

    def pages(self, customer_id: str, since: datetime) -> Iterator[Sighting]:
        """Every page from the newest on, to the empty one that ends the list.

        A page shorter than asked for is no proof of the end: filters may thin it. Days are taken from one day before
        `since` on, as nobody knows in which zone the API takes them.
        """
        first = since.date() - _ONE_DAY
        if not self._split:
            try:
                yield from self._span(customer_id, (first, None))
            except _TooLongError:
                self._split = True
            else:
                return
        last = datetime.now(timezone.utc).date() + _ONE_DAY
        for window in reversed(list(day_windows(first, last))):
            yield from self._span(customer_id, window)

    def _span(self, customer_id: str, span: TimeRange) -> Iterator[Sighting]:
        last_seen: object = None
        repeats = 0
        for number in range(1, _MOST_PAGES + 1):
            page = self._page(customer_id, span, number)
            if page.is_end:
                return
            repeats = repeats + 1 if page.likeness == last_seen else 1
            last_seen = page.likeness
            if repeats >= (_REPEATS if page.decrypted else _REPEATS_UNREAD):
                if page.decrypted and len(page.messages) < _LIMIT:
                    return  # the API ignores `page`, but this one holds the whole history
                break
            yield Sighting(
                page,
                again=lambda number=number: self._page(customer_id, span, number),  # type: ignore[misc]
                before=(lambda number=number: self._page(customer_id, span, number - 1)) if number > 1 else None,  # type: ignore[misc]
            )
        raise system_error(
            f"{self._stream}: RD Station answers with the same page of a contact's history again and again; older "
            "messages of the contact cannot be read."
        )

    def _page(self, customer_id: str, span: TimeRange, number: int) -> OpenedPage:
        first, last = span
        params: dict[str, str | list[str]] = {
            "customer_id": customer_id,
            "page": str(number),
            "limit": str(_LIMIT),
            **self._chosen,
            "start_date": first.isoformat(),
        }
        if last:
            params["end_date"] = last.isoformat()
        try:
            answer = self._api.get(
                _PATH,
                params,
                read_history,
                stream=self._stream,
                hint=f" The parameters were {', '.join(sorted(params))}.",
                on_request=self._on_request,
            )
        except RequestRefusedError:
            if last is None and number == 1:
                raise _TooLongError from None
            raise
        return self._opened(answer)


class _TooLongError(Exception):
    """RD Station refuses the span; shorter ones may do."""
