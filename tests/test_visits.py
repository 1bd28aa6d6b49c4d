"""Visits of a stream: a bounded number is under way at once, and one error stands for all."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any

import pytest
from airbyte_cdk.sources.message import InMemoryMessageRepository

from airbyte_rdstation.airbyte.partitions import VisitPartitions
from airbyte_rdstation.airbyte.records import RecordPage, RecordPartition
from airbyte_rdstation.airbyte.stream_context import StreamContext


class Visits(VisitPartitions):
    """Visits numbers, several at once; those in `failing` have no page."""

    def __init__(self, numbers: Sequence[int], *, at_once: int, failing: Sequence[int] = ()) -> None:
        moment = datetime(2026, 8, 1, tzinfo=timezone.utc)
        super().__init__(
            StreamContext("numbers", InMemoryMessageRepository(), lambda row: row, None, lambda _: moment, at_once),
            at_once,
        )
        self.numbers = numbers
        self.failing = failing

    def generate(self) -> Iterator[RecordPartition]:
        yield from self._visits(({"number": number}, partial(self._read, number)) for number in self.numbers)

    def _read(self, number: int) -> Iterator[list[dict[str, Any]]]:
        if number in self.failing:
            raise LookupError(str(number))
        yield [{"id": str(number)}]


def pages(partition: RecordPartition) -> list[RecordPage]:
    return list(partition.read())


class Rest(threading.Thread):
    """Takes what is left of the partitions, and reads each."""

    def __init__(self, partitions: Iterator[RecordPartition]) -> None:
        super().__init__(daemon=True)
        self._partitions = partitions
        self.numbers: list[int] = []
        self.start()

    def run(self) -> None:
        for partition in self._partitions:
            self.numbers.append(partition.to_slice()["number"])
            pages(partition)

    def ended(self) -> bool:
        self.join(timeout=30)
        return not self.is_alive()


def test_given_as_many_visits_as_may_be_under_way_when_they_are_read_then_the_others_come() -> None:
    partitions = Visits([1, 2, 3, 4], at_once=2).generate()
    for partition in (next(partitions), next(partitions)):
        assert len(pages(partition)) == 1

    rest = Rest(partitions)

    assert rest.ended()
    assert rest.numbers == [3, 4]


@pytest.mark.parametrize("numbers", [[1, 2], [1]], ids=["for a place", "for all"])
def test_given_a_generator_that_waits_when_the_stream_is_given_up_then_it_ends(numbers: list[int]) -> None:
    visits = Visits(numbers, at_once=1)
    partitions = visits.generate()
    next(partitions)
    rest = Rest(partitions)

    visits.give_up()

    assert rest.ended()
    assert rest.numbers == []


def test_given_visits_that_fail_when_read_then_the_first_error_stands_and_nothing_more_is_read() -> None:
    partitions = Visits([1, 2, 3, 4], at_once=3, failing=[1, 2]).generate()
    first, second, third = next(partitions), next(partitions), next(partitions)

    with pytest.raises(LookupError, match="1"):
        pages(first)

    assert pages(second) == pages(third) == []
    assert list(partitions) == []
