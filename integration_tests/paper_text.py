"""Reads the papers: what stands in a page of Markdown as blocks, code, commands and tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

__all__ = ["commands", "fences", "inline_code", "prose", "tables", "targets", "text_of"]


def text_of(paper: Path) -> str:
    return paper.read_text(encoding="utf-8")


def fences(text: str, *languages: str) -> list[str]:
    """The contents of fenced blocks of these languages."""
    found = re.findall(r"(?ms)^( *)```([a-z]*)\n(.*?)^\1```", text)
    return [content for _, language, content in found if language in languages]


def prose(text: str) -> str:
    return re.sub(r"(?ms)^( *)```.*?^\1```", "", text)


def inline_code(text: str) -> list[str]:
    return [code.replace("\n", " ") for code in re.findall(r"`([^`]+)`", prose(text))]


def commands(text: str) -> Iterator[list[str]]:
    """Shell commands in blocks and in the text, as words."""
    lines = [line for block in fences(text, "sh", "") for line in block.splitlines()]
    for line in [*lines, *inline_code(text)]:
        for part in re.split(r"&&|;", line):
            found = re.search(r"\b(make|rdstation-authorize)\b.*", part)
            if found and "/" not in part[: found.start()]:
                yield shlex.split(found[0], comments=True)


def targets(text: str) -> set[str]:
    """The tasks that `make` is asked for."""
    found = set()
    for words in commands(text):
        for word in words[1:]:
            if not re.fullmatch(r"[a-z][a-z-]*", word):
                break
            found |= {word} if words[0] == "make" else set()
    return found


def tables(text: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Each table with the heading above it, its rows by their columns in lower case."""
    heading = ""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if re.fullmatch(r"\|( ?-+ ?\|)+", line):
            head = [cell.strip().lower() for cell in lines[number - 1].strip("|").split("|")]
            rows = []
            for row in lines[number + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(dict(zip(head, (cell.strip() for cell in row.strip("|").split("|")), strict=False)))
            yield heading, rows
