"""What papers and catalogs say of the streams is what the tables of the streams say."""

from __future__ import annotations

from papers import papers


def test_no_paper_is_stale() -> None:
    stale = [path.name for path, text in papers().items() if path.read_text(encoding="utf-8") != text]

    assert stale == [], "run: make papers"
