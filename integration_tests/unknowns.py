"""Each open question of the APIs: the switch that plays it, the tests that use the switch, and the probe's question.

`make papers` writes docs/api/unknowns.md; test_unknowns.py fails where a row has no switch, no test or no question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from airbyte_rdstation.probe.conversas_history import PAGE_QUESTIONS
from airbyte_rdstation.probe.conversas_lists import FIGURE_QUESTIONS
from airbyte_rdstation.probe.conversas_lists import LIST_QUESTIONS as CONVERSAS_LIST_QUESTIONS
from airbyte_rdstation.probe.v1_questions import V1_QUESTIONS
from airbyte_rdstation.probe.v2_filters import FILTER_QUESTIONS
from airbyte_rdstation.probe.v2_reads import LIMIT_QUESTIONS, LIST_QUESTIONS
from airbyte_rdstation.probe.v2_records import RECORD_QUESTIONS
from airbyte_rdstation.probe.v2_writes import WRITE_QUESTIONS
from emulator.settings import Settings

__all__ = ["PAGE", "Unknown", "page", "unknowns"]

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api" / "unknowns.md"
QUESTIONS = {
    "crm-v2": (*LIST_QUESTIONS, *RECORD_QUESTIONS, *FILTER_QUESTIONS, *WRITE_QUESTIONS, *LIMIT_QUESTIONS),
    "crm-v1": V1_QUESTIONS,
    "conversas": (*CONVERSAS_LIST_QUESTIONS, *PAGE_QUESTIONS, *FIGURE_QUESTIONS),
}
NOT_READ = "not read yet"
SWITCHES = {item.name for item in fields(Settings)}
HEAD = """# What is unknown, and what plays it

Written by `make papers` from the pages' tables, the tests and the probe; a test fails where it is
stale. `#` is the row of "Unknowns" on the API's page. Where no switch stands, the emulator always plays it.
"""


@dataclass(frozen=True)
class Unknown:
    """A row of a page's table."""

    number: str
    subject: str
    switches: Sequence[str]
    tests: Sequence[str]
    """Files of tests that use one of the switches; the probe's own count where no connector reads it yet."""
    questions: Sequence[str]
    """What the probe asks."""


def unknowns(api: str) -> Iterator[Unknown]:
    """The rows of docs/api/{api}.md."""
    text = (ROOT / "docs" / "api" / f"{api}.md").read_text(encoding="utf-8")
    for line in text.partition("\n## Unknowns\n")[2].partition("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if not cells[0].isdigit():
            continue
        switches = [name for name in dict.fromkeys(re.findall(r"`(\w+)`", cells[-1])) if name in SWITCHES]
        using = [name for name, words in _words_of_tests().items() if words & set(switches)]
        asked = [one for one in QUESTIONS[api] if one.row.split(" ")[0] == cells[0]]
        if any(one.connector != NOT_READ for one in asked):
            using = [name for name in using if name != "test_probe"]
        yield Unknown(cells[0], cells[1], switches, using, [one.subject for one in asked])


@cache
def _words_of_tests() -> dict[str, set[str]]:
    """What each file of tests names."""
    files = sorted(Path(__file__).parent.glob("test_*.py"))
    return {path.stem: set(re.findall(r"\w+", path.read_text(encoding="utf-8"))) for path in files}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for api in QUESTIONS:
        parts.append(
            f"\n## {api}\n\n| # | unknown | switch | tests | asked by `rdstation-probe` |\n|---|---|---|---|---|\n"
        )
        parts += [
            f"| {row.number} | {row.subject} | {', '.join(f'`{name}`' for name in row.switches) or 'always'} | "
            f"{', '.join(row.tests) or 'all'} | {'; '.join(row.questions)} |\n"
            for row in unknowns(api)
        ]
    return "".join(parts)
