"""docs/licences.md names every package that is installed with a connector, and no licence is left out of its row."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"
NAMES = {"Apache": "Apache-2.0", "Mozilla": "MPL-2.0", "MPL": "MPL-2.0", "3-Clause BSD": "BSD", "BSD": "BSD"}
FAMILIES = r"Apache|MIT-0|MIT|Mozilla|MPL|0BSD|BSD|ISC|PSF|LGPL|GPL|Zlib|CC0|CNRI"
A_TITLE = 60
"""Longer: `License` holds the licence's whole text, in which others may be named."""


def locked() -> set[str]:
    lock = (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8")
    return set(re.findall(r"(?m)^([a-z0-9][a-z0-9._-]*)==", lock))


def rows() -> dict[str, set[str]]:
    """Package -> licences, as the page says."""
    table = PAGE.read_text(encoding="utf-8").partition("|---|---|")[2]
    found = re.findall(r"(?m)^\| (.+?) \| (.+?) \|", table)
    return {name: set(licences.split(", ")) for name, licences in found}


def licences_of(name: str) -> set[str]:
    """By what the installed package says; empty where this Python or platform does not get it."""
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return set()
    named = [text for key in ("License-Expression", "License") for text in metadata.get_all(key) or ()]
    title = next(filter(None, named), "")
    classified = [each for each in metadata.get_all("Classifier") or () if each.startswith("License ::")]
    said = " ".join([title if len(title) < A_TITLE else title.partition("\n")[0], *classified])
    return {NAMES.get(family, family) for family in re.findall(FAMILIES, said)}


def test_the_page_names_what_is_installed_and_nothing_else() -> None:
    assert rows().keys() == locked()


def test_no_licence_of_an_installed_package_is_left_out() -> None:
    said = rows()

    left_out = {name: licences_of(name) - said[name] for name in said}

    assert {name: licences for name, licences in left_out.items() if licences} == {}


def test_every_row_names_a_licence_that_its_package_has() -> None:
    unfounded = {
        name: licences for name, licences in rows().items() if (held := licences_of(name)) and not held & licences
    }

    assert unfounded == {}
