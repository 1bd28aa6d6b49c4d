"""Writes llms.txt, the list of the pages for assistants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

__all__ = ["LLMS", "llms"]

ROOT = Path(__file__).resolve().parents[1]
LLMS = ROOT / "llms.txt"
PAGES: Mapping[str, tuple[str, ...]] = {
    "Use": (
        "README.md",
        "docs/integrations/**/*.md",
        "docs/recipes/*.md",
        "dbt/README.md",
        "docs/operating.md",
        "docs/images.md",
    ),
    "Ask the data": ("skills/rdstation/SKILL.md", "docs/fields/*.md"),
    "Work on the code": ("AGENTS.md", "CONTRIBUTING.md", "docs/architecture.md", "emulator/README.md", "SECURITY.md"),
    "RD Station's APIs": ("docs/api/*.md",),
    "Optional": ("CHANGELOG.md", "docs/benchmarks.md", "docs/licences.md", "README.pt-BR.md", "docs/pt-BR/**/*.md"),
}
"""The sections of llms.txt, with the pages of each."""


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
    body = re.sub(
        r"(?m)^\[[^]]+\]\([^)]+\)$", "", body.partition("\n## ")[0]
    )  # a link to the twin says nothing of the page
    body = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", body)
    paragraphs = (re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", body))
    prose = next((part for part in paragraphs if re.match(r"[\w\"]|`[^`]", part) and " " in part), "")
    sentence = re.split(r"(?<=[.:])\s+(?=[A-Z`\"])", prose, maxsplit=1)[0].rstrip(":.")
    return heading.lstrip("# "), f": {sentence}." if sentence else ""
