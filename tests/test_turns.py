"""Whose request leaves next: short lists first, then the stream that has had the fewest."""

from __future__ import annotations

import threading

import requests_mock

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.rate_limit import RateLimit, Turns
from airbyte_rdstation.client.session import Session

MANY = 1_000


def served(turns: Turns, asking: list[str]) -> list[str]:
    """The streams in the order of their turns; all of them wait while another has its own."""
    turns.ask("before")
    waiting = [turns.ask(stream) for stream in asking]
    order = []
    while waiting:
        turns.pass_on()
        (given,) = [turn for turn in waiting if turn.given.is_set()]
        waiting.remove(given)
        order.append(given.stream)
    turns.pass_on()
    return order


def test_given_a_long_list_before_others_when_served_then_each_stream_has_its_first_request_before_its_second() -> None:
    assert served(Turns(MANY), ["deals"] * 3 + ["tasks", "contacts", "tasks"]) == [
        "deals",
        "tasks",
        "contacts",
        "deals",
        "tasks",
        "deals",
    ]


def test_given_a_stream_that_has_had_many_when_another_comes_later_then_the_other_catches_up() -> None:
    turns = Turns(MANY)
    served(turns, ["deals"] * 10)

    assert served(turns, ["deals", "tasks", "tasks"]) == ["tasks", "tasks", "deals"]


def test_given_a_head_start_when_served_then_so_many_requests_go_before_all_others() -> None:
    turns = Turns(MANY)
    turns.head_starts["stages"] = 2

    assert served(turns, ["deals", "deals", "stages", "stages", "stages"]) == [
        "stages",
        "stages",
        "deals",
        "stages",
        "deals",
    ]


def test_given_long_lists_when_they_wait_all_the_time_then_they_share_evenly() -> None:
    turns = Turns(MANY)
    turns.head_starts["users"] = 3
    turns.ask("before")
    waiting = [turns.ask(stream) for stream in ("deals", "tasks", "users")]
    for _ in range(3 + 300):
        turns.pass_on()
        (given,) = [turn for turn in waiting if turn.given.is_set()]
        waiting.remove(given)
        waiting.append(turns.ask(given.stream))

    assert turns.had["users"] == turns.had["deals"] + 3 == turns.had["tasks"] + 3


def test_given_as_many_under_way_as_may_be_when_another_asks_then_it_waits_for_an_answer() -> None:
    turns = Turns(2)
    _, second, third, fourth = (turns.ask("deals") for _ in range(4))
    assert not second.given.is_set(), "the first has not left"
    turns.pass_on()
    assert second.given.is_set()
    turns.pass_on()
    assert not third.given.is_set(), "two are under way"
    turns.end(second)
    assert third.given.is_set()
    assert not fourth.given.is_set()
    turns.end(third)  # it never left: its wait was too long
    assert fourth.given.is_set()


def test_given_one_at_once_when_many_threads_send_then_all_are_answered() -> None:
    session = Session(RateLimit(6_000_000), requests_at_once=1)
    api = Api("https://api.example", session)
    with requests_mock.Mocker() as server:
        server.get("https://api.example/", text="[]")

        def send(stream: str) -> None:
            api.get("/", {}, len, stream=stream)

        threads = [threading.Thread(target=send, args=(f"stream {number % 3}",), daemon=True) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
            assert not thread.is_alive()

    assert len(server.request_history) == 30
    assert session.turns.had == {"stream 0": 10, "stream 1": 10, "stream 2": 10}


def test_given_waits_that_fail_when_turns_end_then_the_others_still_get_theirs() -> None:
    turns = Turns(1)
    under_way = turns.ask("deals")
    turns.pass_on()
    next_, behind, last = turns.ask("deals"), turns.ask("deals"), turns.ask("tasks")

    turns.end(behind)
    turns.end(next_)
    assert not last.given.is_set(), "the one place is taken"
    turns.end(under_way)

    assert last.given.is_set()
    turns.pass_on()
    turns.end(last)
    assert turns.under_way == 0
