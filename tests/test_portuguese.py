"""The pages in Portuguese say the same as their English twins, which have the same path below docs.

A page marks under its headings from which sections of its twin they were made: `<!-- en: Column mapping 1f0c5a7e -->`.
The digits stand for the English words, so that nobody changes those and leaves the Portuguese ones behind.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from paper_text import commands, fences, inline_code, prose, tables, text_of

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PORTUGUESE = DOCS / "pt-BR"
README = ROOT / "README.pt-BR.md"
PAGES = [README, *sorted(page for page in PORTUGUESE.glob("**/*.md") if page.parent.name != "fields")]
"""Those that are written by hand: test_fields.py compares the pages of the fields."""
ENGLISH_ALONE = ("Changelog", "Figures")
"""Sections that no page in Portuguese has."""
TABLE_OF_STREAMS = re.compile(r"(?m)^\| (?:Stream|fluxo) \|.*\n(?:\|.*\n)+")
"""`make papers` writes it in both languages, each with columns of its own."""
NO_WORDS = re.compile(r"<|\[[^]]+\]\([^)]+\)$")
"""A line with a tag, or with nothing but a link to the twin."""

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def twin_of(page: Path) -> Path:
    return ROOT / "README.md" if page == README else DOCS / page.relative_to(PORTUGUESE)


def in_portuguese(page: Path) -> Path:
    """The page for a reader of Portuguese: the twin where there is one."""
    twin = PORTUGUESE / page.relative_to(DOCS) if DOCS in page.parents else page.with_suffix(".pt-BR.md")
    return twin if twin.is_file() else page


def sections(text: str) -> Iterator[tuple[str, str]]:
    """Each heading, with what stands between it and the next one."""
    heading, lines, fenced = "", list[str](), False
    for line in text.splitlines():
        fenced ^= line.lstrip().startswith("```")
        if line.startswith("#") and not fenced:
            yield heading, "\n".join(lines)
            heading, lines = line.lstrip("# "), []
        else:
            lines.append(line)
    yield heading, "\n".join(lines)


def marks_of(text: str) -> dict[str, str]:
    """The marks of an English page: what stands for the words below each heading, however the lines are broken."""
    found = {}
    for heading, body in sections(TABLE_OF_STREAMS.sub("", text)):
        words = [word for line in body.splitlines() if not NO_WORDS.match(line) for word in line.split()]
        if words and heading not in ENGLISH_ALONE:
            found[heading] = hashlib.sha256(" ".join(words).encode()).hexdigest()[:8]
    return found


def links(page: Path, text: str) -> set[Path]:
    """The files of this repository to which a page leads, without pictures."""
    targets = re.findall(r"(?<!!)\[[^]]*\]\(([^):#]+)[^):]*\)", TABLE_OF_STREAMS.sub("", prose(text)))
    return {(page.parent / target).resolve() for target in targets}


def told(page: Path) -> dict[str, object]:
    """What a page says that no translation may change."""
    text = "".join(
        f"# {heading}\n{body}\n" for heading, body in sections(text_of(page)) if heading not in ENGLISH_ALONE
    )
    fields = {code for paper in (DOCS / "fields").glob("*.md") for code in inline_code(text_of(paper))}
    numbers = re.findall(r"\d[\d.,]*", re.sub(r"(?m)^ *\d+\. |`[^`]*`|\]\([^)]*\)|<!--.*?-->", "", prose(text)))
    return {
        "blocks": [
            without_comments(block)
            for block in fences(text, "sh", "json", "yaml", "sql", "python", "mermaid", "text", "")
        ],
        "commands": {tuple(words) for words in commands(text)},
        "codes": set(inline_code(TABLE_OF_STREAMS.sub("", text))) - fields,
        "numbers": {re.sub(r"[.,]", "", number) for number in numbers},
        "rows": [first_cells(rows) for _, rows in tables(TABLE_OF_STREAMS.sub("", text))],
        "streams": [streams(rows) for _, rows in tables(text) if streams(rows)],
        "messages": set(re.findall(r'"[^"\n]+"(?=\*\*)', text)),
        "links": {in_portuguese(link) for link in links(page, text_of(page))} - {in_portuguese(page)},
    }


def without_comments(block: str) -> list[str]:
    """The lines of a block; what shell commands are explained by is translated."""
    lines = (re.sub(r"(^|\s+)#.*", "", line).rstrip() for line in block.splitlines())
    return [line for line in lines if line]


def first_cells(rows: list[dict[str, str]]) -> list[list[str]]:
    """The codes that each row of a table begins with."""
    return [inline_code(next(iter(row.values()))) for row in rows]


def streams(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Name, key and cursor of each stream, where it is a table of them."""
    if not rows or next(iter(rows[0])) not in ("stream", "fluxo"):
        return []
    return [tuple(row.values())[:3] for row in rows]


@each_page
def test_a_page_says_what_its_twin_says(page: Path) -> None:
    english = told(twin_of(page))
    for kind, said in told(page).items():
        assert said == english[kind], kind


@each_page
def test_a_page_is_made_from_its_twin_as_it_stands(page: Path) -> None:
    english = marks_of(text_of(twin_of(page)))
    made_from = dict(re.findall(r"<!-- en: (.+) ([0-9a-f]{8}) -->", text_of(page)))

    stale = "\n".join(f"<!-- en: {heading} {mark} -->" for heading, mark in sorted(english.items() - made_from.items()))
    assert stale == "", "the English below these headings changed: translate the change, then put these marks"
    assert made_from.keys() - english.keys() == set(), "marks of sections that English no longer has"


def test_a_mark_stands_for_the_words_of_one_section() -> None:
    page = (
        "# Title\n\nOne word.\n\n## Next\n\n```sh\n# a comment\n```\n| Stream | Key |\n| --- | --- |\n| deals | id |\n"
    )
    marks = marks_of(page)

    assert list(marks) == ["Title", "Next"]
    assert marks_of(page.replace("One word", "One\nword").replace("deals", "tasks")) == marks
    assert marks_of(page.replace("One word", "Two words")) == {
        **marks,
        "Title": marks_of("# Title\nTwo words.")["Title"],
    }


@each_page
def test_twins_lead_to_each_other(page: Path) -> None:
    twin = twin_of(page)
    assert f"]({os.path.relpath(twin, page.parent)})" in text_of(page)
    if "integrations" not in twin.parts:  # those are shown in Airbyte's registry, which has no page in Portuguese
        assert f"]({os.path.relpath(page, twin.parent)})" in text_of(twin)


@each_page
def test_a_page_leads_to_pages_in_portuguese(page: Path) -> None:
    others = links(page, text_of(page)) - {twin_of(page)}
    assert [link.name for link in others if in_portuguese(link) != link] == []


def test_the_connectors_and_the_recipes_of_most_users_have_a_page() -> None:
    sources = {f"integrations/sources/rdstation-{name}.md" for name in ("crm", "conversas")}
    recipes = {f"recipes/{name}.md" for name in ("airbyte-oss", "cron", "duckdb", "questions", "ask-your-data")}
    assert {str(page.relative_to(PORTUGUESE)) for page in PAGES if page != README} >= {
        "integrations/destinations/rdstation-crm.md",
        "operating.md",
        *sources,
        *recipes,
    }
