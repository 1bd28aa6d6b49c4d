"""Campaigns, list and detail in one record: windows of days, then a request a campaign.

Figures move for days after a campaign is sent, and no date tells when: all is read anew in each sync, from some days
before the start date on. Facts: docs/api/conversas.md#campaigns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Final

from airbyte_rdstation.airbyte.partitions import StreamPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.state import FullRefreshCursor
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import (
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    ServerFailedError,
    UnauthorizedError,
    UnreadableAnswerError,
)
from airbyte_rdstation.client.responses import BadAnswerError, More, Page, Row, kind_of, parse_json
from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.pagination.listing import Fetch, Query
from airbyte_rdstation.pagination.page_numbers import RestlessError, sweep
from source_rdstation_conversas.list_conversas import a_year_before, day_windows

__all__ = ["CampaignPartitions", "read_detail"]

_ONE_DAY: Final = timedelta(days=1)
_MOST_FAILURES_IN_A_ROW: Final = 10  # from here on, the fault lies not with single campaigns
_NOTHING_TOLD: Final = dict.fromkeys(("template", "total_customers", "stats", "segmentation"))  # by a lost detail
_LOST: Final[Mapping[type[ConnectorError], str]] = {
    ForbiddenError: "the plan or the token's user lacks it (402, 403)",
    NotFoundError: "not found (404)",
    RequestRefusedError: "the request is refused (400)",
    ServerFailedError: "an internal error (500)",
    UnreadableAnswerError: "something that cannot be read",
}
"""What costs a detail and not the stream, in words."""

_logger = logging.getLogger("airbyte.rdstation")


@dataclass
class _Window:
    """Days that the list is asked for, and what it shows of them."""

    first: date
    last: date
    total: int | None = None
    ids: set[str] = field(default_factory=set)
    more: bool = False
    """Whether RD Station says that it has more than it shows."""
    _of_pass: set[str] = field(default_factory=set)

    def take(self, page: Page, number: int) -> None:
        """Note what a page shows."""
        ids = {row["id"] for row in page.rows}
        self._of_pass = set() if number == 1 else self._of_pass
        self.more = page.has_next is More.YES and bool(ids) and ids <= self._of_pass
        self._of_pass |= ids
        self.ids |= ids
        self.total = page.total

    @property
    def hides(self) -> bool:
        """Whether campaigns are missing that shorter windows may show."""
        return self.more and (self.total is None or self.total > len(self.ids))

    def halves(self) -> list[_Window]:
        """Return its two halves, the later first; none of a single day."""
        if self.first == self.last:
            return []
        middle = self.first + (self.last - self.first) // 2
        return [_Window(middle + _ONE_DAY, self.last), _Window(self.first, middle)]


@dataclass(eq=False)
class CampaignPartitions(StreamPartitions):
    """Generates one partition: all campaigns, each with its detail."""

    context: StreamContext
    cursor: FullRefreshCursor
    _: KW_ONLY
    lookback: timedelta
    fetch_days: Callable[[date, date], Fetch]
    """Gives the list of some days."""
    read_one: Callable[[str], Row]
    """Gives the detail of the campaign with that id."""
    explain_401: Callable[[UnauthorizedError], ConnectorError]
    """Returns the error that a 401 stands for: its cause may be the plan."""
    _ids: set[str] = field(default_factory=set)
    _days_count: bool = True
    _of_a_day: set[str] = field(default_factory=set)
    _hidden: int = 0
    _lost: int = 0
    _in_a_row: int = 0
    _answers: set[str] = field(default_factory=set)

    def generate(self) -> Iterator[RecordPartition]:
        """Yield the one partition."""
        yield RecordPartition(self.context, {}, self._read)

    def _read(self) -> Iterator[list[Row]]:
        try:
            for row in self._listed():
                yield [self._with_detail(row)]
                self.cursor.records_emitted()
        except UnauthorizedError as error:
            raise self.explain_401(error) from None
        self.context.compare(len(self._ids), len(self._ids) + self._hidden)
        if self._lost:
            self.context.report_incomplete(
                f"The details of {self._lost:,} of {len(self._ids):,} campaigns could not be read; their figures, "
                f"template and segmentation are null. The next sync asks again. RD Station's answer: "
                f"{'; '.join(sorted(self._answers))}."
            )
        self.cursor.checkpoint()

    def _listed(self) -> Iterator[Row]:
        """Yield each campaign once, as the list shows it."""
        now = datetime.now(timezone.utc)
        given = self.context.start_date
        start = parse_instant(given) if given else a_year_before(now, self.context.name)
        # The zone in which the API takes days is unknown.
        first, last = (start - self.lookback).date() - _ONE_DAY, now.date() + _ONE_DAY
        for days in day_windows(first, last):
            yield from self._shown(_Window(*days))

    def _shown(self, whole: _Window) -> Iterator[Row]:
        """Yield what a window shows, and what shorter ones show of it as long as campaigns are missing."""
        due = [whole]
        seen: set[str] = set()
        while due:
            window = due.pop()
            yield from self._rows(window)
            seen |= window.ids
            narrower = window.halves() if window.hides and self._days_count else []
            due += narrower
            if window.hides and not narrower:
                # Two days that show the same: RD Station does not look at days, and no others would show more.
                self._days_count = self._days_count and window.ids != self._of_a_day
                self._of_a_day = window.ids
                if whole.total is None:
                    self.context.report_incomplete(
                        "RD Station says that it has more campaigns than it shows, and does not say how many."
                    )
        hidden = max(0, (whole.total or 0) - len(seen))
        self._hidden = self._hidden + hidden if self._days_count else max(self._hidden, hidden)

    def _rows(self, window: _Window) -> Iterator[Row]:
        fetch = self.fetch_days(window.first, window.last)

        def fetch_watched(query: Query) -> Page:
            try:
                page = fetch(query)
            except RequestRefusedError:
                if query.page == 1 and window.first == window.last:
                    raise
                window.more = True  # than so many days at once show, or a first page
                return Page([], has_next=More.NO)
            window.take(page, query.page)
            # What is said to follow is not believed: it may be said for ever.
            return replace(page, has_next=More.UNKNOWN) if page.has_next is More.YES else page

        try:
            for batch in sweep(fetch_watched, Query(None), walled=False):
                for row in batch.rows:
                    if row["id"] not in self._ids:
                        self._ids.add(row["id"])
                        yield row
        except RestlessError:
            self.context.report_incomplete("The list of campaigns grew all the time while it was read.")

    def _with_detail(self, row: Row) -> Row:
        """Return the campaign with its detail, or with nulls in its place where RD Station does not give it."""
        try:
            detail = {} if self._in_a_row >= _MOST_FAILURES_IN_A_ROW else self.read_one(row["id"])
        except tuple(_LOST) as error:
            detail = {}
            self._answers.add(_LOST[type(error)])
            self._in_a_row += _MOST_FAILURES_IN_A_ROW if isinstance(error, ForbiddenError) else 1
        if not detail:
            self._lost += 1
            return {**_NOTHING_TOLD, **row}
        self._in_a_row = 0
        return {**row, **{name: value for name, value in detail.items() if value is not None or name not in row}}


def read_detail(content: bytes) -> Row:
    """Read one campaign: `{"id": "66f2…", "stats": {…}, …}`, bare or in `data`. Raises BadAnswerError if it is none."""
    body = parse_json(content)
    if isinstance(body, dict) and isinstance(body.get("data"), dict):
        body = body["data"]
    if not isinstance(body, dict) or not body:
        raise BadAnswerError(f"a campaign is a JSON {kind_of(body)} where an object is expected")
    return {name: value for name, value in body.items() if name not in ("id", "_id")}
