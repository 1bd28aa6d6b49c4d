"""What papers and catalogs say of the streams is what the tables of the streams say."""

from __future__ import annotations

import re

from agent_papers import LLMS
from papers import papers

ROOT = LLMS.parent


def test_no_paper_is_stale() -> None:
    stale = [path.name for path, text in papers().items() if path.read_text(encoding="utf-8") != text]

    assert stale == [], "run: make papers"


def test_the_list_of_pages_names_every_page() -> None:
    listed = {ROOT / link for link in re.findall(r"\]\(([^)]+)\)", LLMS.read_text(encoding="utf-8"))}

    assert {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("skills/**/*.md")} - listed == set()
    assert {page for page in listed if not page.is_file()} == set()
