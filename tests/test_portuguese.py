"""The pages in Portuguese say the same as their English twins, which have the same path below docs."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from paper_text import commands, fences, inline_code, tables, targets, text_of

DOCS = Path(__file__).resolve().parents[1] / "docs"
PORTUGUESE = DOCS / "pt-BR"
PAGES = sorted(page for page in PORTUGUESE.glob("*/**/*.md") if "fields" not in page.parts)
"""All with a twin that are written by hand: test_fields.py compares those of the fields, test_docs.py the guide."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PORTUGUESE)))


def twin_of(page: Path) -> Path:
    return DOCS / page.relative_to(PORTUGUESE)


def told(page: Path) -> dict[str, object]:
    """What a page says that no translation may change."""
    text = text_of(page)
    return {
        "blocks": sorted(fences(text, "sh", "json", "python", "mermaid", "text", "")),
        "commands": {tuple(words) for words in commands(text)},
        "tasks": targets(text),
        "settings": {code for code in inline_code(text) if re.match("--|[A-Z]+=", code)},
        "options and fields": [first_cells(rows) for _, rows in tables(text) if codes(rows)],
        "streams": [streams(rows) for _, rows in tables(text) if streams(rows)],
        "messages": set(re.findall(r'"[^"\n]+"(?=\*\*)', text)),
    }


def first_cells(rows: list[dict[str, str]]) -> list[str]:
    return [code for row in rows for code in inline_code(next(iter(row.values())))]


def codes(rows: list[dict[str, str]]) -> bool:
    return bool(rows) and all(next(iter(row.values())).startswith("`") for row in rows)


def streams(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Name, key and cursor of each stream, where it is a table of them."""
    if not rows or next(iter(rows[0])) not in ("stream", "fluxo"):
        return []
    return [tuple(row.values())[:3] for row in rows]


@each_page
def test_a_page_says_what_its_twin_says(page: Path) -> None:
    assert told(page) == told(twin_of(page))


@each_page
def test_a_page_leads_to_its_twin(page: Path) -> None:
    assert f"[In English]({os.path.relpath(twin_of(page), page.parent)})" in text_of(page)


def test_the_connectors_and_the_recipes_of_most_users_have_a_page() -> None:
    sources = {f"integrations/sources/rdstation-{name}.md" for name in ("crm", "conversas")}
    recipes = {f"recipes/{name}.md" for name in ("airbyte-oss", "cron", "duckdb")}
    assert {str(page.relative_to(PORTUGUESE)) for page in PAGES} >= {
        "integrations/destinations/rdstation-crm.md",
        *sources,
        *recipes,
    }
