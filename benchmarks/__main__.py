"""`make bench`: every question, or those of ONLY=a,c. A whole run writes docs/benchmarks.md and README's figures."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from benchmarks import memory, pace, reading, requests_used, startup, writing
from benchmarks.report import Section, machine, write

QUESTIONS: Mapping[str, Callable[[], Section]] = {
    "a": reading.measure,
    "b": requests_used.measure,
    "c": pace.measure,
    "d": writing.measure,
    "e": memory.measure,
    "f": startup.measure,
}


def main() -> int:
    """Measures and reports; the exit code tells whether it could, not whether targets are met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", help=f"some of {','.join(QUESTIONS)}; the papers stay as they are then")
    only = [letter.strip() for letter in parser.parse_args().only.split(",") if letter.strip()]
    if unknown := sorted(set(only) - QUESTIONS.keys()):
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(QUESTIONS)}")
    heading = f"Measured by `make bench` on {machine()}."
    print(heading)
    sections = []
    for letter in only or QUESTIONS:
        begun = time.monotonic()
        sections.append(QUESTIONS[letter]())
        print(f"\n{sections[-1]}", flush=True)
        print(f"({letter}: {time.monotonic() - begun:.0f} s)", file=sys.stderr)
    if not only:
        write(heading, sections)
    return 0


if __name__ == "__main__":
    sys.exit(main())
