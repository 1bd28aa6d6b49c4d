"""The queue between readers and printer: all arrives, in each reader's order, and never much at once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from queue import Empty, Full
from threading import Event
from typing import Any

import pytest

from airbyte_rdstation.airbyte.record_queue import RecordQueue

READERS = 16
ITEMS = 500


@contextmanager
def filling(queue: RecordQueue, items: int) -> Iterator[list[Future[None]]]:
    """Readers that put (reader, 0), (reader, 1), ... on the queue."""

    def fill(reader: int) -> None:
        for number in range(items):
            queue.put((reader, number))  # type: ignore[arg-type] # anything will do

    with ThreadPoolExecutor(READERS) as pool:
        yield [pool.submit(fill, reader) for reader in range(READERS)]


def test_given_more_than_it_holds_when_taken_then_all_arrives_in_each_readers_order() -> None:
    queue = RecordQueue(maxsize=10)
    with filling(queue, ITEMS):
        taken: list[Any] = [queue.get(timeout=60) for _ in range(READERS * ITEMS)]

    assert queue.empty()
    for reader in range(READERS):
        assert [number for who, number in taken if who == reader] == list(range(ITEMS))


def test_given_a_consumer_when_readers_are_faster_then_it_holds_little_more_than_its_size() -> None:
    queue = RecordQueue(maxsize=100)
    most = 0
    with filling(queue, ITEMS):
        for _ in range(READERS * ITEMS):
            most = max(most, queue.qsize())
            queue.get(timeout=60)

    assert most <= 100 + READERS


def test_given_a_full_queue_when_half_is_taken_then_a_reader_goes_on_and_not_before() -> None:
    queue = RecordQueue(maxsize=4)
    put = Event()

    def one_more() -> None:
        queue.put("fifth")  # type: ignore[arg-type] # anything will do
        put.set()

    for item in ("first", "second", "third", "fourth"):
        queue.put(item)  # type: ignore[arg-type] # anything will do
    with ThreadPoolExecutor(1) as pool:
        pool.submit(one_more)
        queue.get()
        assert not put.wait(0.05)
        queue.get()
        assert put.wait(60)

    assert [queue.get() for _ in range(3)] == ["third", "fourth", "fifth"]


def test_given_a_full_or_empty_queue_when_not_waited_for_then_it_says_so() -> None:
    queue = RecordQueue(maxsize=1)
    with pytest.raises(Empty):
        queue.get(block=False)
    queue.put("first")  # type: ignore[arg-type] # anything will do
    with pytest.raises(Full):
        queue.put("second", block=False)  # type: ignore[arg-type] # anything will do
    with pytest.raises(Full):
        queue.put("second", timeout=0.01)  # type: ignore[arg-type] # anything will do

    assert queue.qsize() == 1
