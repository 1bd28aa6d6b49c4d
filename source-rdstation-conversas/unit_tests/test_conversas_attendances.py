"""Who had an attendance, as far as RD Station tells; where it does not, everyone is visited, and a line says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from simulated_account import DAY, HOUR, Account, large_account

from airbyte_rdstation.client.errors import RequestRefusedError
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.dates import format_instant
from airbyte_rdstation.pagination.listing import Fetch


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def attend(found: Account, contact: str, *, ago: timedelta = timedelta(0), closed: timedelta | None = None) -> None:
    """An attendance that opened some time ago, and closed so long ago if at all."""
    now = found.now
    found.now = now - ago
    found.write(contact, attended=True)
    if closed is not None:
        found.now = now - closed
        found.close(found.reports[-1])
    found.now = now


@pytest.mark.parametrize(
    ("ago", "closed", "visited"),
    [
        pytest.param(2 * HOUR, HOUR, True, id="since-the-last-sync"),
        pytest.param(20 * DAY, 2 * HOUR, True, id="ended-since"),
        pytest.param(20 * DAY, 3 * DAY, False, id="ended-before"),
        pytest.param(20 * DAY, None, True, id="open"),
        pytest.param(200 * DAY, None, True, id="open-for-longer-than-the-look-back"),
        pytest.param(24 * HOUR + timedelta(minutes=30), 24 * HOUR + timedelta(minutes=20), True, id="within-the-hour"),
    ],
)
def test_given_an_attendance_when_synced_then_its_contact_is_visited_if_it_had_it_since_the_last_sync(
    ago: timedelta, closed: timedelta | None, visited: bool
) -> None:
    found, contacts = large_account()
    attend(found, contacts[50], ago=ago, closed=closed)

    found.sync()

    assert (contacts[50] in found.visited) == visited


DOUBTFUL: dict[str, dict[str, Any]] = {
    "no-end": {"closed": True, "closed_at": ""},
    "end-that-is-no-date": {"closed": True, "closed_at": "ontem"},
    "opened-again": {"closed": False, "closed_at": "2025-12-01T00:00:00Z"},
    "no-mark": {"closed": None},
    "id-under-another-name": {"closed": False},
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_given_an_attendance_whose_end_is_in_doubt_when_synced_then_its_contact_is_visited(name: str) -> None:
    found, contacts = large_account()
    attend(found, contacts[50], ago=20 * DAY)
    found.reports[-1].update(DOUBTFUL[name])
    if name.startswith("id-"):
        found.reports[-1]["customer"] = {"_id": contacts[50]}

    found.sync()

    assert contacts[50] in found.visited


def test_given_attendances_without_a_contact_of_the_list_when_synced_then_the_others_count() -> None:
    found, contacts = large_account()
    for customer in (None, {}, {"id": ""}, {"id": 7}, {"id": "65a1f0c2b7d3e40012ab34c1"}, "text", [1]):
        attend(found, contacts[0])
        found.reports[-1]["customer"] = customer
    attend(found, contacts[50])

    found.sync()

    assert set(found.visited) == {*contacts[:11], contacts[50]}


def nobody_named(found: Account) -> None:
    for report in found.reports:
        del report["customer"]


def refused(found: Account) -> None:
    found.reports_refused = True


def counts_more(found: Account) -> None:
    def fetch(**_: str) -> Fetch:
        return lambda query: Page(found.reports if query.page == 1 else [], has_next=More.NO, total=99)

    found.list_reports = fetch  # type: ignore[method-assign]


@pytest.mark.parametrize("trouble", [nobody_named, refused, counts_more])
def test_given_attendances_that_do_not_tell_when_synced_then_everyone_is_visited_and_one_line_says_so(
    trouble: Any, caplog: pytest.LogCaptureFixture
) -> None:
    found, contacts = large_account()
    attend(found, contacts[50])
    found.write(contacts[60])
    found.sync()
    assert contacts[60] not in found.visited
    found.now += DAY
    attend(found, contacts[50])
    trouble(found)

    found.sync()

    assert set(found.visited) == set(contacts)
    assert found.state == {"created_at": format_instant(found.now)}
    (line,) = warnings(caplog)
    assert line.startswith("messages: every contact is visited")


@pytest.mark.parametrize("heeded", [True, False])
def test_given_a_status_that_is_refused_or_not_heeded_when_synced_then_the_others_attendances_count(
    heeded: bool,
) -> None:
    found, contacts = large_account()
    attend(found, contacts[50])
    attend(found, contacts[51], ago=200 * DAY, closed=190 * DAY)
    attend(found, contacts[52], ago=100 * DAY, closed=90 * DAY)
    listed, asked = found.list_reports, []

    def fetch(*, start_date: str, end_date: str, status: str = "") -> Fetch:
        asked.append(status)
        if status and heeded:
            raise RequestRefusedError("reports: status is not known (400).")
        return listed(start_date=start_date, end_date=end_date)

    found.list_reports = fetch  # type: ignore[method-assign]

    found.sync()

    assert set(found.visited) == {*contacts[:11], contacts[50]}
    assert asked.count("opened") < 5, "asked on after it was clear"


def test_given_the_last_sync_an_hour_ahead_of_the_clock_when_synced_then_attendances_since_it_count() -> None:
    found, contacts = large_account()
    found.sync()
    attend(found, contacts[50], closed=timedelta(0))
    found.now += timedelta(minutes=10)
    ahead = format_instant(found.now + HOUR - timedelta(minutes=10))
    found.state["attended"] = {"until": ahead}

    found.sync()

    assert contacts[50] in found.visited
    assert found.state["attended"]["until"] == format_instant(found.now)


def test_given_a_state_from_before_rounds_when_synced_then_the_read_goes_on_and_is_the_round() -> None:
    found, contacts = large_account()
    begun = format_instant(found.now - HOUR)
    found.state = {
        "created_at": format_instant(found.now - 22 * HOUR),
        "position": {"started": begun, "after": contacts[30], "unread": True},
    }

    found.sync()

    assert set(found.visited) == {contacts[31]}
    assert found.state["position"] == {"started": begun, "after": contacts[31], "unread": True}


def test_given_years_of_an_account_when_synced_then_the_state_grows_with_neither_contacts_nor_days() -> None:
    found, _ = large_account()
    sizes = set()

    for day in range(40):
        found.now += DAY
        found.write(found.appear(), attended=bool(day % 2))
        found.sync()
        sizes.add(len(str(found.state)))

    assert max(sizes) <= 250
