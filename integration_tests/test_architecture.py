"""docs/architecture.md shows the house as it is: every room, and every arrow between two of them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from rooms import drawing, imports_among

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
SHARED = "airbyte_rdstation"
CONNECTORS = ("source_rdstation_crm", "source_rdstation_conversas", "destination_rdstation_crm")
PACKAGES = {SHARED: ROOT / SHARED, **{name: ROOT / name.replace("_", "-") / name for name in CONNECTORS}}


@cache
def found() -> dict[str, set[str]]:
    """Who imports whom."""
    return imports_among(PACKAGES)


def test_the_diagram_shows_what_the_code_imports() -> None:
    diagrams = re.findall(r"(?ms)^```mermaid\n(flowchart.*?)^```", PAGE.read_text(encoding="utf-8"))
    imports, *others = diagrams

    assert imports.splitlines() == drawing(found()).splitlines()
    assert imports not in others
    assert len(set(others)) == 2, "how a read flows, and how a write does"


def test_every_room_stands_in_the_table() -> None:
    named = set(re.findall(r"(?m)^\| `([a-z0-9_/]+?)/?` \|", PAGE.read_text(encoding="utf-8")))

    assert named == found().keys()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_arrow_leaves_a_package_but_to_the_shared_one(package: str) -> None:
    imports = found()
    beyond = {
        other.partition("/")[0]
        for room, others in imports.items()
        if room.partition("/")[0] == package
        for other in others
    }

    assert beyond - {package} <= ({SHARED} if package != SHARED else set())


def test_an_import_of_a_room_makes_an_arrow(tmp_path: Path) -> None:
    for name, text in {
        "one/__init__.py": "",
        "one/above.py": "from one.below import thing\nimport json\n",
        "one/below/__init__.py": "",
        "one/below/thing.py": "import two.other\n",
        "two/other.py": "from two import another\n",
        "two/another.py": "",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    found = imports_among({"one": tmp_path / "one", "two": tmp_path / "two"})

    assert found == {"one": {"one/below"}, "one/below": {"two"}, "two": set()}
    assert drawing(found).splitlines()[-2:] == ["    one --> one_below", "    one_below --> two"]
