"""Findings as Markdown, on the terminal and in docs/benchmarks.md; their headlines between two marks in the README."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

__all__ = ["ROOT", "Section", "machine", "picture", "table", "verdict", "write"]

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs/benchmarks.md"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


@dataclass(frozen=True)
class Section:
    """One question and what was found."""

    title: str
    blocks: Sequence[str]
    pictures: Mapping[str, str] = field(default_factory=dict)
    """SVG by the path that the blocks name."""
    headline: str = ""
    """What the README says of it, in a sentence; empty: nothing."""

    def __str__(self) -> str:
        return "\n\n".join([f"## {self.title}", *self.blocks])


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; all columns but the first are numbers."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def verdict(target: str, *, met: bool, otherwise: str = "") -> str:
    """A target, and whether it is met; `otherwise` says why not."""
    return f"Target: {target}. " + ("Met." if met else f"**Missed.** {otherwise}".rstrip())


def machine() -> str:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{os.cpu_count()} processors {_processor()}, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, airbyte-cdk {version('airbyte-cdk')}"
    )


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # no Linux
    return platform.processor() or platform.machine()


def picture(path: str, title: str) -> str:
    """Shows one of the section's pictures; `path` starts in the folder of the page."""
    return f"![{title}]({path})"


def write(heading: str, sections: Iterable[Section]) -> None:
    """Writes the page of the figures and its pictures, and the headlines between the marks in the README."""
    sections = list(sections)
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md has no place for the figures: {BEGIN} … {END}")
    headlines = "\n".join(f"* {section.headline}" for section in sections if section.headline)
    README.write_text(f"{before}{BEGIN}\n\n{headlines}\n\n{END}{after}", encoding="utf-8")
    PAGE.write_text("\n\n".join(["# Figures", heading, *map(str, sections)]) + "\n", encoding="utf-8")
    for path, svg in (shown for section in sections for shown in section.pictures.items()):
        (PAGE.parent / path).parent.mkdir(parents=True, exist_ok=True)
        (PAGE.parent / path).write_text(svg, encoding="utf-8")
