"""Figures of the account, or of each department, day by day: a request a day, several at once; incremental by `date`.

Days change after their end, as attendances close later: each sync reads `reports_lookback_days` before its state again.
Facts: docs/api/conversas.md#analytics.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass
from datetime import date, timedelta, tzinfo
from functools import partial
from typing import Any, Final

from airbyte_rdstation.airbyte.partitions import VisitPartitions
from airbyte_rdstation.airbyte.records import RecordPartition
from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import (
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    ServerFailedError,
    UnauthorizedError,
)
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.dates import parse_instant
from airbyte_rdstation.pagination.listing import Fetch, Query, instant_of
from airbyte_rdstation.pagination.page_numbers import RestlessError, sweep
from source_rdstation_conversas.envelopes import figures_in, seconds_of
from source_rdstation_conversas.list_conversas import day_windows
from source_rdstation_conversas.streams.reports import ReportsCursor
from source_rdstation_conversas.table_conversas import REPORTS, StreamSpec

__all__ = ["DailyCursor", "DailyPartitions", "Departments", "FiguresClient"]

_ONE_DAY: Final = timedelta(days=1)
_WHOLE_ACCOUNT: Final = ""
_NO_DEPARTMENT: Final = "no-such-department"
_SPANS: Final = ((87, 1), (26, 1), (0, 0))
"""Days before and after a day, longest span first: the longest that the analytics take is unknown."""
_TIMES: Final = ("tma", "tme")

_logger = logging.getLogger("airbyte.rdstation")


def _with_times(first: date, last: date) -> tuple[str, str]:
    return f"{first}T00:00:00", f"{last}T23:59:59"


def _without_times(first: date, last: date) -> tuple[str, str]:
    return f"{first}", f"{last}"


def _to_the_next_day(first: date, last: date) -> tuple[str, str]:
    return f"{first}", f"{last + _ONE_DAY}"


_FORMS: Final = (_with_times, _without_times, _to_the_next_day)
"""How days are named, in the order in which they are tried: only the first was seen to work for a single day."""


@dataclass
class FiguresClient:
    """Asks one path of the analytics for the figures of some days."""

    api: Api
    spec: StreamSpec
    timezone: str
    """Where days begin and end: `America/Sao_Paulo`."""
    _: KW_ONLY
    on_request: Callable[[], None]
    explain_401: Callable[[UnauthorizedError], ConnectorError]
    """Returns the error that a 401 stands for: its cause may be the plan."""
    _form: int = 0
    _taken: bool = False
    """Whether RD Station has taken that form."""

    def of_day(self, day: date, department: str = _WHOLE_ACCOUNT) -> list[Row]:
        """Return the figures of one day. Raises what `Api.get` does."""
        while True:
            form = self._form
            try:
                rows = self._get(_FORMS[form](day, day), department)
            except RequestRefusedError:
                if form == self._form:  # else another reader has found a better one meanwhile
                    if self._taken or form + 1 == len(_FORMS):
                        raise
                    self._try_form(form + 1)
            else:
                self._taken = True
                return rows

    def tells_apart(self, named: NamedDepartments) -> bool:
        """Tell whether some department's figures differ from those of a department that is none."""
        if not named.ids:
            return False
        self.of_day(named.newest)  # finds the form
        for before, after in _SPANS:
            days = named.newest - before * _ONE_DAY, named.newest + after * _ONE_DAY
            nobody = self._tried(*days, _NO_DEPARTMENT)
            if any(self._tried(*days, department) not in (None, nobody) for department in named.ids):
                return True
        return False

    def _tried(self, first: date, last: date, department: str) -> list[Row] | None:
        """Return the department's figures of these days, None where RD Station refuses it, or so many days."""
        try:
            return self._get(_FORMS[self._form](first, last), department)
        except (NotFoundError, RequestRefusedError, ServerFailedError):
            return None

    def _get(self, days: tuple[str, str], department: str) -> list[Row]:
        params = {"start_date": days[0], "end_date": days[1], "timezone": self.timezone}
        if department:
            params["department_ids"] = department  # one a request: whether a list is heeded is unknown
        try:
            return self.api.get(
                self.spec.path,
                params,
                partial(figures_in, self.spec.name, self.spec.figures),
                stream=self.spec.name,
                hint=f" The parameters were {', '.join(sorted(params))}.",
                on_request=self.on_request,
            )
        except UnauthorizedError as error:
            raise self.explain_401(error) from None

    def _try_form(self, form: int) -> None:
        self._form = form
        if _FORMS[form] is _to_the_next_day:
            _logger.warning(
                "%s: RD Station refuses to tell the figures of a single day. Each record is asked for up to the next "
                "day, and may count that one, too.",
                self.spec.name,
            )


@dataclass(frozen=True)
class NamedDepartments:
    """Hold the ids of departments, and the newest day of an attendance that names one."""

    ids: Sequence[str]
    newest: date


class Departments:
    """Finds the departments that attendances name, once for all streams: RD Station has no list of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[date, NamedDepartments] = {}

    def since(self, first: date, last: date, fetch_reports: Callable[[date, date], Fetch]) -> NamedDepartments:
        """Return them, from the attendances opened on these days. Raises what `fetch_reports` does."""
        with self._lock:
            if first not in self._found:
                self._found[first] = _named(first, last, fetch_reports)
            return self._found[first]


class DailyCursor(ReportsCursor):
    """Keeps `{"date": "2026-08-01T00:00:00.000Z"}`: every day that ended before it is read."""

    def __init__(
        self, context: StreamContext, *, lookback: timedelta, cursor_field: str, state: Mapping[str, Any], zone: tzinfo
    ) -> None:
        super().__init__(context, lookback=lookback, cursor_field=cursor_field, state=state)
        self._zone = zone

    def begin(self) -> list[tuple[date, date]]:
        """Return the days to read, oldest first, each as a window: `(2026-08-01, 2026-08-01)`."""
        today = self.began_local.astimezone(self._zone).date()
        start = parse_instant(self._context.start_date).date() if self._context.start_date else date.min
        # The day of the state was not over when it was read; a start date names a day, whatever the zone.
        first = min(today, max(start, self.since.astimezone(self._zone).date()))
        days = [first + number * _ONE_DAY for number in range((today - first).days + 1)]
        self._windows = [(day, day) for day in days]
        return self._windows


class DailyPartitions(VisitPartitions):
    """Generates a partition for each day."""

    def __init__(
        self,
        context: StreamContext,
        cursor: DailyCursor,
        client: FiguresClient,
        *,
        departments: Callable[[date, date], NamedDepartments] | None,
    ) -> None:
        """`departments` gives those of some days; None for the figures of the whole account."""
        super().__init__(context, context.requests_at_once)
        self._cursor = cursor
        self._client = client
        self._departments = departments
        self._complained = False

    def generate(self) -> Iterator[RecordPartition]:
        """Yield a partition for each day, oldest first."""
        days = [day for day, _ in self._cursor.begin()]
        given = self._departments
        departments = self._told_apart(given, days[0], days[-1]) if given else (_WHOLE_ACCOUNT,)
        self._context.progress.expect_visits(len(days), "days to read")
        yield from self._visits(
            ({self._cursor.cursor_field: day.isoformat()}, partial(self._read, number, day, departments))
            for number, day in enumerate(days)
        )

    def _told_apart(
        self, departments: Callable[[date, date], NamedDepartments], first: date, last: date
    ) -> Sequence[str]:
        """Return the departments to ask for; the whole account alone where RD Station does not tell them apart."""
        try:
            found = departments(first, last)
        except (ForbiddenError, NotFoundError, UnauthorizedError):
            why = "the attendances, which name the departments, may not be read"
        else:
            if self._client.tells_apart(found):
                return found.ids
            told = "RD Station does not tell the figures of departments apart"
            why = told if found.ids else "no attendance names a department"
        _logger.warning(
            "%s: %s. Each day comes as one record of the whole account, with an empty department_id.",
            self._context.name,
            why,
        )
        return (_WHOLE_ACCOUNT,)

    def _read(self, number: int, day: date, departments: Sequence[str]) -> Iterator[list[Row]]:
        for department in departments:
            yield [self._record(row, day, department) for row in self._figures(day, department)]
        if self._cursor.finish(number, complete=True):
            self._cursor.checkpoint()

    def _figures(self, day: date, department: str) -> list[Row]:
        try:
            return self._client.of_day(day, department)
        except (NotFoundError, RequestRefusedError):
            if not department:
                raise
            self._context.report_incomplete(
                "RD Station refuses the figures of a department that attendances name; days of it are missing."
            )
            return []

    def _record(self, row: Row, day: date, department: str) -> Row:
        record = {**row, self._cursor.cursor_field: day.isoformat()}
        if self._departments:
            record["department_id"] = department
        for name in _TIMES:
            if name in row:
                try:
                    record[f"{name}_seconds"] = seconds_of(row[name])
                except ValueError as error:
                    record[f"{name}_seconds"] = None
                    if not self._complained:
                        self._complained = True
                        _logger.warning("%s: %s_seconds is null where %s.", self._context.name, name, error)
        return record


def _named(first: date, last: date, fetch_reports: Callable[[date, date], Fetch]) -> NamedDepartments:
    ids: set[str] = set()
    newest = first
    for window in day_windows(first, last + _ONE_DAY):
        with suppress(RestlessError):  # more attendances all the time, hardly more departments
            for batch in sweep(fetch_reports(*window), Query(None), walled=False):
                for row in batch.rows:
                    if isinstance(department := row.get("to_department"), str) and department:
                        ids.add(department)
                        opened = instant_of(row, REPORTS.cursor)
                        newest = max(newest, opened.date() if opened else first)
    return NamedDepartments(sorted(ids), newest)
