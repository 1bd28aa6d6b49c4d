"""Rounds through the contacts, in simulated days: an account that lives, syncs that are killed, fail or stay away.

Whenever the cursor moves, every message up to it has come; and nobody waits longer than a round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulated_account import DAY, HOUR, Account, account, large_account

from airbyte_rdstation.dates import format_instant


@dataclass(frozen=True)
class Step:
    """Some hours of an account, and the sync at their end; numbers pick contacts and reports."""

    hours: int
    written: list[tuple[int, bool, int]]
    """By whom, whether in an attendance, and how many equal ones."""
    event: str
    picked: int
    sync: str
    days: int
    """The length of a round."""


STEPS = st.builds(
    Step,
    hours=st.sampled_from([1, 24, 24, 24, 48, 240]),
    written=st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 2)), max_size=3),
    event=st.sampled_from(["", "", "appear", "vanish", "close"]),
    picked=st.integers(0, 9),
    sync=st.sampled_from(["clean", "clean", "killed", "fails", "fails", "refused", "none"]),
    days=st.sampled_from([7, 7, 7, 7, 1, 30, 0]),
)


def live(found: Account, step: Step) -> None:
    """What happens in these hours."""
    for number, attended, count in step.written:
        if found.contacts:
            found.write(list(found.contacts)[number % len(found.contacts)], attended=attended, count=count)
    if step.event == "appear":
        found.write(found.appear(dated=step.picked % 3 > 0), attended=bool(step.picked % 2))
    elif step.event == "vanish" and found.contacts:
        del found.contacts[list(found.contacts)[step.picked % len(found.contacts)]]
    elif step.event == "close" and found.reports:
        found.close(found.reports[step.picked % len(found.reports)])
    found.now += step.hours * HOUR


def sync(found: Account, step: Step) -> None:
    """The sync at their end."""
    found.reports_refused = step.sync == "refused"
    if step.sync == "fails":  # the same contact for as long as syncs fail
        found.failing = found.failing or sorted(found.contacts or [""])[step.picked % max(1, len(found.contacts))]
    else:
        found.failing = ""
    if step.sync != "none":
        found.sync(step.days, visits=step.picked if step.sync == "killed" else None)


@given(steps=st.lists(STEPS, min_size=5, max_size=30))
def test_given_an_account_that_lives_when_synced_then_the_cursor_never_passes_a_message_that_has_not_come(
    steps: list[Step],
) -> None:
    found = account()

    for step in steps:
        live(found, step)
        sync(found, step)
        assert found.missing(found.state["created_at"]) == set(), step

    written_by_now = format_instant(found.now)
    found.failing, found.reports_refused = "", False
    for _ in range(16):  # two rounds
        found.now += DAY
        found.sync()
    assert found.missing(written_by_now) == set()
    assert found.state["created_at"] > written_by_now


def test_given_attendances_when_synced_then_their_contacts_and_new_ones_are_visited_and_a_part_of_the_others() -> None:
    found, contacts = large_account()
    found.write(contacts[40], attended=True)
    found.write(contacts[50], attended=True)
    found.close(found.reports[-1])
    new = found.appear()
    found.write(new)
    found.write(contacts[60])
    found.now += 2 * HOUR

    found.sync()
    first, found.now = dict(found.visited), found.now + DAY
    found.sync()
    second = dict(found.visited)

    # Of 71, 26 hours of seven days, but for two hours; then 50.
    assert set(first) == {*contacts[:12], contacts[40], contacts[50], new}
    assert set(second) == {*contacts[12:22], contacts[40]}, "the open attendance, and the next"
    assert {*first.values(), *second.values()} == {1}
    assert found.missing(format_instant(found.now)) == {(contacts[60], found.contacts[contacts[60]][-1]["created_at"])}


def test_given_daily_syncs_when_a_week_has_passed_then_everybody_was_visited_in_even_parts() -> None:
    found, contacts = large_account()
    found.write(contacts[-1])
    written = format_instant(found.now)

    parts = []
    for _ in range(7):
        found.sync()
        parts.append(len(found.visited))
        found.now += DAY

    assert sum(parts) == 70
    assert max(parts) <= 11
    assert found.missing(written) == set()


@pytest.mark.parametrize("away", [10 * DAY, 8 * DAY], ids=["ten-days", "eight-days"])
def test_given_days_without_a_sync_when_synced_then_the_rest_of_the_round_is_read_at_once(away: timedelta) -> None:
    found, contacts = large_account()
    found.sync()
    found.write(contacts[-1])
    found.now += away

    found.sync()

    assert set(found.visited) == set(contacts[11:])
    assert found.missing(format_instant(found.now)) == set()


def test_given_another_length_of_the_round_when_synced_then_the_turn_follows_it() -> None:
    found, contacts = large_account()
    found.sync()
    found.now += DAY

    turns = []
    for days in (30, 3, 0):
        found.sync(days)
        turns.append(sorted(found.visited))

    assert turns == [contacts[11:12], contacts[12:48], contacts]
    assert found.state == {"created_at": format_instant(found.now)}


def test_given_a_kill_between_the_attended_and_the_turn_when_synced_then_it_goes_on_with_the_turn() -> None:
    found, contacts = large_account()
    for contact in contacts[40:45]:
        found.write(contact, attended=True)
        found.close(found.reports[-1])
    found.now += 2 * HOUR
    found.sync(visits=5)
    assert set(found.visited) == {*contacts[40:45], contacts[0]}
    found.now += HOUR

    found.sync()

    assert set(found.visited) == set(contacts[1:12])


def test_given_a_kill_among_the_attended_when_synced_then_it_goes_on_behind_those_that_are_read() -> None:
    found, contacts = large_account()
    last_sync = found.state["created_at"]
    for contact in contacts[40:45]:
        found.write(contact, attended=True)
        found.close(found.reports[-1])
    found.sync(visits=2)
    position, turn = found.state["attended"]["position"], found.state["position"]
    killed_at, found.now = format_instant(found.now), found.now + HOUR
    found.write(contacts[40], attended=True)

    found.sync()
    resumed, found.now = set(found.visited), found.now + DAY
    found.sync()

    assert position == {"started": killed_at, "after": contacts[41]}
    assert turn == {"started": last_sync, "after": ""}, "its turn must not shrink where nobody of it was reached"
    assert resumed >= set(contacts[42:45])
    assert not resumed & {contacts[40], contacts[41]}
    assert contacts[40] in found.visited, "who wrote after the killed sync had read it"


def test_given_a_contact_that_fails_when_synced_then_it_is_tried_again_and_holds_up_nobody() -> None:
    found, contacts = large_account()
    complete = found.state["created_at"]
    found.failing = contacts[4]
    found.sync()
    assert found.state["position"]["after"] == contacts[3]

    found.now += DAY
    found.sync()
    again = set(found.visited)
    position = found.state["position"]
    for _ in range(14):  # to the end of a second round
        found.now += DAY
        found.sync()

    assert again == set(contacts[4:21])
    assert (position["after"], position["unread"]) == (contacts[20], True)
    assert found.state["created_at"] == complete
    found.failing = ""
    found.now += 7 * DAY
    found.sync()
    assert found.missing(format_instant(found.now)) == set()


def test_given_an_attended_contact_that_fails_when_synced_then_all_attended_since_are_due_until_it_is_read() -> None:
    found, contacts = large_account()
    complete = found.state["created_at"]
    for contact in contacts[50:53]:
        found.write(contact, attended=True)
        found.close(found.reports[-1])
    found.failing = contacts[51]
    found.now += 2 * HOUR
    found.sync()
    state, found.failing = found.state["attended"], ""
    found.now += 2 * HOUR

    found.sync()

    assert (state["until"], state["position"]["after"]) == (complete, contacts[50])
    assert {contacts[51], contacts[52]} <= set(found.visited)
    assert found.missing(format_instant(found.now)) == set()


def test_given_ids_that_tell_no_time_when_a_contact_appears_then_it_is_visited_in_the_next_round() -> None:
    found, _ = large_account()
    found.sync()
    new = found.appear(dated=False)
    found.write(new)
    written = format_instant(found.now)

    for _ in range(14):
        found.now += DAY
        found.sync()

    assert found.missing(written) == set()
