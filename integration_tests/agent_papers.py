"""Writes what an assistant reads beside SKILL.md: the columns of every table, and llms.txt, the list of the pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

__all__ = ["COLUMNS", "LLMS", "columns", "llms"]

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = ROOT / "skills" / "rdstation" / "tables.md"
LLMS = ROOT / "llms.txt"
PAGES: Mapping[str, tuple[str, ...]] = {
    "Use": (
        "README.md",
        "docs/integrations/**/*.md",
        "docs/recipes/*.md",
        "docs/fields/*.md",
        "dbt/README.md",
        "docs/operating.md",
        "docs/images.md",
    ),
    "Ask the data": ("skills/rdstation/SKILL.md", "skills/rdstation/tables.md"),
    "Work on the code": ("AGENTS.md", "CONTRIBUTING.md", "docs/architecture.md", "emulator/README.md", "SECURITY.md"),
    "RD Station's APIs": ("docs/api/*.md",),
    "Optional": ("CHANGELOG.md", "docs/benchmarks.md", "docs/licences.md", "README.pt-BR.md", "docs/pt-BR/**/*.md"),
}
"""The sections of llms.txt, with the pages of each."""


def columns(apis: Mapping[str, tuple[Path, Iterable[Any]]]) -> str:
    """The page of all columns; `apis` gives the folder of the schemas and the streams by what an API is called."""
    lines = [
        "# Columns of RD Station's tables",
        "",
        "Written by `make papers` from the schemas. Each table also has `_airbyte_extracted_at`, when a row arrived,",
        "in UTC. A column that no schema names may be there too: what RD Station adds is passed on.",
    ]
    for name, (folder, table) in apis.items():
        lines += ["", f"## {name}"]
        for spec in table:
            properties = json.loads((folder / f"{spec.name}.json").read_text(encoding="utf-8"))["properties"]
            lines += ["", f"### {spec.name}", "", "| column | type | what it is |", "|---|---|---|"]
            lines += [_row(column, field) for column, field in properties.items()]
    return "\n".join(lines) + "\n"


def _row(column: str, field: Mapping[str, Any]) -> str:
    said = str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")
    return f"| {column} | {_type(field)} | " + (f"{said} |" if said else "|")


def _type(field: Mapping[str, Any]) -> str:
    """The type as a query meets it: `date-time` is a timestamp in UTC, objects and lists are JSON.

    >>> _type({"type": ["string", "null"], "format": "date-time"})
    'timestamp, UTC'
    """
    kinds = {field["type"]} if isinstance(field["type"], str) else set(field["type"]) - {"null"}
    if kinds & {"object", "array"}:
        return "JSON list" if kinds == {"array"} else "JSON"
    if field.get("format") == "date-time":
        return "timestamp, UTC"
    if field.get("format") == "date":
        return "date"
    return "text" if "string" in kinds else " or ".join(sorted(kinds))


def llms(pending: Mapping[Path, str]) -> str:
    """The text of llms.txt (https://llmstxt.org); pages that are about to be written are read from `pending`."""
    title, summary = _described(ROOT / "README.md", pending)
    lines = [f"# {title}", "", f"> {summary.lstrip(': ')}"]
    for section, patterns in PAGES.items():
        lines += ["", f"## {section}", ""]
        for page in _found(patterns):
            name, said = _described(page, pending)
            lines.append(f"- [{name}]({page.relative_to(ROOT).as_posix()}){said}")
    return "\n".join(lines) + "\n"


def _found(patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(ROOT.glob(pattern)) if "*" in pattern else [ROOT / pattern]


def _described(page: Path, pending: Mapping[Path, str]) -> tuple[str, str]:
    """The title of a page, and `: ` with the first sentence that stands above its sections, without links and tags."""
    text = pending.get(page) or page.read_text(encoding="utf-8")
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    heading, _, body = text.strip().partition("\n")
    body = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", body.partition("\n## ")[0])
    paragraphs = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", body))
    prose = next((part for part in paragraphs if re.match(r"[\w\"]|`[^`]", part) and " " in part), "")
    sentence = re.split(r"(?<=[.:])\s+(?=[A-Z`\"])", prose, maxsplit=1)[0].rstrip(":.")
    return heading.lstrip("# "), f": {sentence}." if sentence else ""
