"""A STATE goes back as it came: not one byte of it changes but what the destination has to add. Pure.

The platform compares what it sent with what comes back (its `id` above all), and a state's numbers may have more digits
than a float: so the statistics are spliced into the text, which is never written anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from json import JSONDecoder

__all__ = ["Counts", "with_statistics"]

_decoder = JSONDecoder(parse_int=str)  # only places count, and Python reads no integer of thousands of digits


@dataclass
class Counts:
    """How many rows of a stream were written (or were equal already), and how many were not."""

    accepted: int = 0
    rejected: int = 0


def with_statistics(line: str, counts: Counts) -> str:
    """The STATE message with `destinationStats` in its `state`; statistics that stand there already are replaced."""
    # The protocol's counts are floats; with a decimal point no reader takes them for anything else.
    statistics = f'{{"recordCount":{counts.accepted}.0,"rejectedRecordCount":{counts.rejected}.0}}'
    start, end = _members(line, _skip_space(line, 0))["state"]
    members = _members(line, start)
    if "destinationStats" in members:
        old_start, old_end = members["destinationStats"]
        return line[:old_start] + statistics + line[old_end:]
    comma = "," if members else ""
    return f'{line[: end - 1]}{comma}"destinationStats":{statistics}{line[end - 1 :]}'


def _members(text: str, brace: int) -> dict[str, tuple[int, int]]:
    """Where the values of an object's members begin and end; the object begins at `brace`, and is known to be JSON."""
    return dict(_pairs(text, _skip_space(text, brace + 1)))


def _pairs(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    while text[at] != "}":
        name, at = _decoder.raw_decode(text, at)
        start = _skip_space(text, _skip_space(text, at) + 1)  # past the colon
        _, end = _decoder.raw_decode(text, start)
        yield name, (start, end)
        at = _skip_space(text, end)
        if text[at] == ",":
            at = _skip_space(text, at + 1)


def _skip_space(text: str, at: int) -> int:
    while text[at] in " \t\n\r":
        at += 1
    return at
