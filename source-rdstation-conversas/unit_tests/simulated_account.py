"""An account of Conversas in memory, with a clock of its own: it lives for days, and is read by the real stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any, cast
from unittest.mock import patch

from airbyte_cdk.sources.message import InMemoryMessageRepository
from conversas_samples import message, page_of

from airbyte_rdstation.airbyte.stream_context import StreamContext
from airbyte_rdstation.client.errors import ConnectorError, config_error, transient_error
from airbyte_rdstation.client.responses import More, Page, Row
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Fetch, Query
from source_rdstation_conversas.envelopes import ContactPage
from source_rdstation_conversas.history.history_client import HistoryClient, PageDecryptor
from source_rdstation_conversas.streams import rounds
from source_rdstation_conversas.streams.contact_partitions import Histories
from source_rdstation_conversas.streams.messages import MessagesPartitions
from source_rdstation_conversas.streams.messages_cursor import MessagesCursor
from source_rdstation_conversas.streams.reports import Attendances

START = datetime(2026, 1, 5, 12, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AGES = 400 * DAY  # before the start: the start date
PAGE = 3


@dataclass
class Account:
    """An RD Station with a clock of its own, what the connector has brought of it, and its state."""

    now: datetime = START
    contacts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    reports: list[Row] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)
    arrived: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Contact and moment of each record, by its id."""
    visited: Counter[str] = field(default_factory=Counter)
    """How often each contact was visited in the last sync."""
    failing: str = ""
    reports_refused: bool = False
    decryptor: PageDecryptor = field(default_factory=lambda: PageDecryptor("messages", None))
    made: int = 0

    def appear(self, *, dated: bool = True) -> str:
        """A contact more; its id begins with this second, or tells nothing and is the first of all."""
        self.made += 1
        id_ = f"{int(self.now.timestamp()) if dated else 0:08x}{self.made:016x}"
        self.contacts[id_] = []
        return id_

    def write(self, contact: str, *, attended: bool = False, count: int = 1) -> None:
        """Somebody writes, within an attendance that opens now or outside of any."""
        self.now += timedelta(seconds=1)
        self.contacts[contact] += [message(f"text {self.made}", format_instant(self.now))] * count
        if attended:
            self.reports.append({"id": str(len(self.reports)), "customer": {"id": contact}, "closed": False})
            self.reports[-1]["created_at"] = format_instant(self.now)

    def close(self, report: Row) -> None:
        """An attendance ends."""
        report |= {"closed": True, "closed_at": format_instant(self.now)}

    # --- what the connector asks for

    def list_contacts(self, _: Query) -> Page:
        """All in one page, the newest first."""
        return Page([{"id": id_} for id_ in reversed(self.contacts)], has_next=More.NO, total=len(self.contacts))

    def list_reports(self, *, start_date: str, end_date: str, status: str = "") -> Fetch:
        """One page of the window."""
        if self.reports_refused:
            raise config_error("reports: not in this plan (403).")
        found = [
            row
            for row in self.reports
            if start_date <= row["created_at"][:10] <= end_date and not (status and row["closed"])
        ]
        return lambda _: Page(found, has_next=More.NO, total=len(found))

    def read(self, contact: str, _: datetime, reader: Any, *, begin: datetime) -> Iterator[Any]:
        """The history from the day before on, newest first."""
        self.visited[contact] += 1
        if contact == self.failing:
            raise transient_error("messages: no answer in time.")
        first = (begin - DAY).date().isoformat()
        newest_first = [each for each in reversed(self.contacts[contact]) if each["created_at"] >= first]

        def page(number: int) -> ContactPage:
            rows = newest_first[PAGE * (number - 1) : PAGE * number]
            return page_of(rows) if rows else ContactPage(is_end=True)

        return cast("Iterator[Any]", reader(page))

    # --- a sync

    def sync(self, days: int = 7, *, visits: int | None = None) -> None:
        """One sync, as of a large account; with `visits`, it is killed after so many, while it reads the next."""
        self.visited.clear()
        context = StreamContext(
            "messages", InMemoryMessageRepository(), dict, format_instant(START - AGES), lambda _: self.now, 1
        )
        cursor = MessagesCursor(context, cursor_field="created_at", state=self.state, full_round=timedelta(days=days))
        histories = Histories(self.list_contacts, cast("HistoryClient", self), lambda error: error)
        attendances = Attendances(context, self.list_reports, timedelta(days=30))
        partitions = MessagesPartitions(context, histories, cursor, attendances).generate()
        with patch.object(rounds, "_LEAST_TURN", 1), suppress(*[ConnectorError][: bool(self.failing)]):
            for partition in islice(partitions, visits):
                self._take(partition)
            for partition in islice(partitions, visits is not None):
                next(iter(partition.read()), None)
        self.state = dict(cursor.state)

    def _take(self, partition: Any) -> None:
        for page in partition.read():
            for each in page.messages():
                record = each.record.data
                self.arrived[record["id"]] = (record["customer_id"], record["created_at"])

    def missing(self, until: str) -> set[tuple[str, str]]:
        """The messages up to a moment, of contacts that exist, that have not come as often as they were written."""
        came = Counter(self.arrived.values())
        written = Counter(
            (contact, each["created_at"])
            for contact, talk in self.contacts.items()
            for each in talk
            if each["created_at"] <= until
        )
        assert all(came[each] <= times for each, times in written.items()), "doubled"
        return {each for each, times in written.items() if came[each] < times}


def account(contacts: int = 6) -> Account:
    """An account whose contacts have written, and have been read in a first sync."""
    found = Account()
    for _ in range(contacts):
        found.write(found.appear())
        found.now += HOUR
    found.sync()
    found.now += HOUR
    return found


def large_account() -> tuple[Account, list[str]]:
    """An account of 70 contacts, read yesterday, and their ids in order."""
    found = account(70)
    found.now += 23 * HOUR
    return found, sorted(found.contacts)
