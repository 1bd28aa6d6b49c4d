"""What a sync says of itself, in virtual time: its plan, a line a minute for each stream, and what waiting cost."""

from __future__ import annotations

import re
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
import requests

from airbyte_rdstation.airbyte import progress as module
from airbyte_rdstation.airbyte.progress import MinuteLog, ReadProgress, StreamProgress, duration, ends_at_wall
from airbyte_rdstation.client.rate_limit import RateLimit, Started, Turns
from airbyte_rdstation.client.responses import More, Page
from airbyte_rdstation.pagination.listing import Query


@dataclass
class World:
    """A clock, a rate limit of 120 a minute, and what was sent."""

    now: float = 1_000.0
    sent: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.limit = RateLimit(120, clock=lambda: self.now)
        self.progress = ReadProgress(120, self.sent)
        self.log = MinuteLog(self.progress.lines, self.limit, clock=lambda: self.now)

    def refuse(self, seconds: int) -> None:
        """A 429 that halts all for so long."""
        answer = requests.Response()
        answer.status_code = 429
        answer.headers["Retry-After"] = str(seconds - 1)  # the limiter waits a second more
        self.limit.answered(Started(), answer)


@pytest.fixture(autouse=True)
def _messages(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "airbyte.rdstation")


def test_given_what_lists_tell_when_a_minute_is_over_then_each_stream_under_way_has_its_line() -> None:
    world = World()
    deals, notes, tasks, users = map(world.progress.stream, ("deals", "deal_notes", "tasks", "users"))
    world.sent.update(deals=40, deal_notes=39, tasks=40, users=1)
    deals.records, notes.records, tasks.records = 8_000, 25, 7_900
    deals.expect(10)
    notes.expect_visits(1_000, "deals to visit")
    with notes.visit():
        world.sent["deal_notes"] += 1
    world.progress.end("users")

    assert world.progress.lines(60) == [
        # Each of the three streams sends ten requests meanwhile, of the 121 a minute.
        "deals: 8,000 records, 40 of about 50 requests; about 10 s left at this pace.",
        # Nobody knows how many tasks there are: perhaps as many.
        "deal_notes: 25 records, 40 of about 1,039 requests, 999 deals to visit; about 17 min left at this pace.",
        "tasks: 7,900 records, 40 requests.",
    ]
    assert users.ended


def test_given_a_stream_that_ends_or_nothing_sent_when_a_minute_is_over_then_there_is_no_estimate_of_it() -> None:
    world = World()
    deals = world.progress.stream("deals")
    deals.expect(10)

    assert world.progress.lines(60) == ["deals: 0 records, 0 of about 10 requests."]
    world.progress.end("deals")
    assert world.progress.lines(60) == []


def test_given_a_list_that_may_go_on_behind_the_wall_when_told_then_it_is_at_least_so_much() -> None:
    assert [ends_at_wall(pages, 200) for pages in (None, 44, 45, 50, 51)] == [False, False, True, True, False]
    world = World()
    world.progress.stream("deals").expect(49, at_least=True)
    world.sent["deals"] = 60

    (line,) = world.progress.lines(60)
    assert line == "deals: 0 records, 60 of at least 109 requests; at least 50 s left at this pace."


@pytest.mark.parametrize("lists", [{"notes": 160, "products": 80, "deals": 30}, {"notes": 1_200}, {"a": 300, "b": 300}])
def test_given_streams_that_share_the_pace_when_a_minute_is_over_then_each_estimate_is_within_20_percent(
    lists: dict[str, int],
) -> None:
    world, turns = World(), Turns(10_000)
    progress = ReadProgress(120, turns.had)
    streams = {name: progress.stream(name) for name in lists}
    left = dict(lists)
    ends: dict[str, float] = {}
    told: dict[str, float] = {}
    turns.ask("before")
    waiting = [turns.ask(name) for name in lists]
    while left:
        world.now += 0.5
        turns.pass_on()
        (given,) = [turn for turn in waiting if turn.given.is_set()]
        waiting.remove(given)
        name = given.stream
        left[name] -= 1
        streams[name].expect(left[name])
        if left[name]:
            waiting.append(turns.ask(name))
        else:
            del left[name]
            ends[name] = world.now
            progress.end(name)
        if world.now == 1_060.0:
            told = {line.partition(":")[0]: seconds_in(line) for line in progress.lines(60)}

    assert told.keys() == {name for name, end in ends.items() if end > 1_060}
    for name, seconds in told.items():
        assert seconds == pytest.approx(ends[name] - 1_060, rel=0.2, abs=6)


def seconds_in(line: str) -> float:
    """The time left that a line tells."""
    (told,) = re.findall(r"about ([0-9hmins ]+) left at this pace", line)
    return sum(int(number) * {"h": 3600, "min": 60, "s": 1}[unit] for number, unit in re.findall(r"(\d+) (\w+)", told))


def test_given_a_long_read_when_all_streams_know_what_is_left_then_the_plan_is_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    deals, notes, _ = map(world.progress.stream, ("deals", "deal_notes", "users"))
    world.sent.update(deals=1, deal_notes=1, users=1)

    deals.expect(49)
    notes.expect_visits(12_078, "deals to visit")
    assert caplog.messages == []
    world.progress.end("users")
    deals.expect(48)
    world.progress.lines(60)

    assert caplog.messages == ["The sync takes about 12,130 requests, 1 h 41 min at 120 a minute."]


def test_given_a_stream_that_never_knows_when_a_minute_is_over_then_the_plan_is_at_least_what_is_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.progress.stream("tasks")
    world.progress.stream("deals").expect(1_000)
    world.sent["deals"] = 200
    world.progress.lines(60)

    assert caplog.messages == ["The sync takes at least 1,200 requests, 10 min at 120 a minute."]


def test_given_a_read_of_less_than_a_minute_when_it_is_known_then_there_is_no_plan_and_no_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    world.progress.stream("deals").expect(118)
    with world.log.running():
        world.sent["deals"] = 119
        world.refuse(20)
        world.now += 59.5
        world.progress.end("deals")

    assert caplog.messages == []


def test_given_429s_when_they_take_more_than_half_of_a_minute_then_one_warning_and_the_share_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    with world.log.running():
        for seconds in (29, 31, 45):
            world.refuse(seconds)
            world.refuse(seconds - 9)  # of another request, at the same time: no further wait
            world.now += 60
            world.log.minute()

    warnings = [record for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) == 1
    assert warnings[0].message.startswith("RD Station's rate limit (429) stopped the sync for 31 of the last 60 second")
    assert caplog.messages[-1] == "58 % of the sync's 3 min were spent waiting for RD Station's rate limit (429)."


def test_given_a_halt_that_is_not_over_when_asked_then_it_counts_as_far_as_it_has_come() -> None:
    world = World()
    world.refuse(40)
    world.now += 10
    assert world.limit.halted == 10

    world.refuse(40)
    world.now += 20
    assert world.limit.halted == 30
    world.now += 60
    assert world.limit.halted == 50


def test_given_a_sync_that_waits_when_minutes_pass_then_a_thread_of_its_own_tells_until_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = threading.Semaphore(0)

    def tell(_: float) -> list[str]:
        told.release()
        return []

    monkeypatch.setattr(module, "_MINUTE", 0.001)
    with MinuteLog(tell, RateLimit(120)).running():
        assert told.acquire(timeout=30)
        assert told.acquire(timeout=30)
    assert "progress" not in {thread.name for thread in threading.enumerate()}


def test_given_a_list_read_by_page_numbers_when_watched_then_its_answers_tell_what_is_left() -> None:
    stream = StreamProgress()
    rows = [{"id": str(number)} for number in range(20)]
    last_known = stream.watched(lambda query: Page(rows, More.YES, last=7))
    counted = stream.watched(lambda query: Page(rows if query.page < 4 else rows[:5], More.UNKNOWN, total=65))
    untold = stream.watched(lambda query: Page(rows, More.UNKNOWN))

    last_known(Query(None, page=2))
    assert stream.requests_left == 5
    for page, left in ((1, 3), (3, 1), (4, 0)):
        counted(Query(None, page=page))
        assert stream.requests_left == left
    untold(Query(None))
    assert stream.requests_left is None


def test_given_a_list_that_counts_its_records_when_some_are_read_then_the_rest_takes_requests_like_them() -> None:
    stream = StreamProgress(requests=lambda: 6)
    stream.records = 900
    stream.expect_records(3_000)

    assert stream.requests_left == 14


@pytest.mark.parametrize(("each", "under_way"), [(3, 8 * 3), (1, 2)])
def test_given_parents_that_take_several_requests_when_visited_then_what_is_left_is_measured_by_them(
    each: int, under_way: int
) -> None:
    sent = iter([10, 10 + each * 30 + under_way])
    stream = StreamProgress(requests=lambda: next(sent))
    stream.expect_visits(100, "contacts to visit")
    for _ in range(30):
        with stream.visit():
            pass

    with ExitStack() as visits:
        for _ in range(16):  # of which all have sent half of their requests, or two have sent their only one
            visits.enter_context(stream.visit())
        assert stream.requests_left == 70 * each


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "10 s"),
        (44, "40 s"),
        (60, "1 min"),
        (438, "7 min 20 s"),
        (597, "10 min"),
        (1_500, "25 min"),
        (3_599, "1 h 0 min"),
        (6_065, "1 h 41 min"),
        (100_000, "27 h 47 min"),
    ],
)
def test_a_duration_reads_as_people_say_it(seconds: float, text: str) -> None:
    assert duration(seconds) == text
