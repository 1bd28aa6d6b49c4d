"""Each row of a sheet's unknowns names its switch as `Settings` calls it, or says that it is always so."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from emulator.settings import TYPES, Settings

SHEETS = Path(__file__).parents[2] / "docs" / "api"
SWITCH = re.compile(r"`([a-z]\w*_\w+|[a-z]\w+)`(?:: ([^;(]*))?")
DEFAULTS: dict[str, Any] = {item.name: getattr(Settings(), item.name) for item in fields(Settings)}


def modes(sheet: str) -> dict[int, str]:
    """The last column of a sheet's table of unknowns, by the number of the row."""
    table = (SHEETS / sheet).read_text(encoding="utf-8").partition("\n## Unknowns\n")[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines() if "|" in line]
    return {int(row[0]): row[-1] for row in rows if row[0].isdigit()}


@pytest.mark.parametrize(("sheet", "count"), [("crm-v2.md", 38), ("crm-v1.md", 22), ("conversas.md", 26)])
def test_every_unknown_of_a_sheet_names_its_switch_or_is_always_so(sheet: str, count: int) -> None:
    found = modes(sheet)

    named = {row: [name for name, _ in SWITCH.findall(text) if name in DEFAULTS] for row, text in found.items()}
    prefixed = {name for text in found.values() for name in re.findall(r"`((?:v1|conversas)_\w+)`", text)}
    assert prefixed <= DEFAULTS.keys()
    assert list(found) == list(range(1, count + 1))
    assert [row for row, text in found.items() if not named[row] and not text.startswith("always")] == []


@pytest.mark.parametrize("sheet", ["crm-v2.md", "crm-v1.md", "conversas.md"])
def test_a_sheet_tells_a_switchs_values_the_default_first(sheet: str) -> None:
    told = {
        name: [value.strip() for value in values.split(",")]
        for text in modes(sheet).values()
        for name, values in SWITCH.findall(text)
        if values and get_origin(TYPES.get(name)) is Literal
    }
    unquoted = {name: [value.strip('"') for value in values] for name, values in told.items()}

    assert told
    assert {name: set(values) for name, values in unquoted.items()} == {
        name: set(get_args(TYPES[name])) for name in told
    }
    assert {name: values[0] for name, values in unquoted.items()} == {name: DEFAULTS[name] for name in told}
