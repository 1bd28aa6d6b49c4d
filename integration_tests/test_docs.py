"""The connectors' pages for users: the registry's headings in their order, every stream, and nothing out of date."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
import yaml

from connectors import CONNECTORS, Connector, by_name
from harness import Version, discovered, for_each_version

each_page = pytest.mark.parametrize("connector", CONNECTORS, ids=str)

REQUIRED = (  # the headings of the registry's template, with its order; others may stand between them
    "# {name}",
    "## Prerequisites",
    "## Setup guide",
    "## Set up {name}",
    "## Set up the {name} connector in Airbyte",
    "### For Airbyte Cloud:",
    "### For Airbyte Open Source:",
    "## Supported sync modes",
    "## Supported {things}",
    "## Limitations & Troubleshooting",
    "## Reference",
    "## IP allow list",
    "## Changelog",
)


def text_of(connector: Connector) -> str:
    return connector.page.read_text(encoding="utf-8")


def name_of(connector: Connector) -> str:
    metadata = yaml.safe_load((connector.folder / "metadata.yaml").read_text(encoding="utf-8"))
    return str(metadata["data"]["name"])


def table_below(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table below a heading, its head left out."""
    _, found, rest = text.partition(f"{heading}\n")
    assert found, heading
    rows = re.search(r"(?m)(?:^\|.*\|\n)+", rest)
    assert rows is not None, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[0].splitlines()[2:]]


def is_in_order(wanted: Sequence[str], found: Sequence[str]) -> bool:
    rest = iter(found)
    return all(heading in rest for heading in wanted)


@each_page
def test_the_headings_are_the_templates_in_its_order(connector: Connector) -> None:
    prose = re.sub(r"(?ms)^\s*```.*?^\s*```", "", text_of(connector))
    headings = re.findall(r"(?m)^#+ .+$", prose)
    things = "Streams" if connector.is_source else "Objects"

    wanted = [heading.format(name=name_of(connector), things=things) for heading in REQUIRED]

    assert is_in_order(wanted, headings), headings
    assert len(set(headings)) == len(headings)


@each_page
def test_the_sections_hold_the_sentences_that_the_registry_looks_for(connector: Connector) -> None:
    text, name = text_of(connector), name_of(connector)
    kind = "source" if connector.is_source else "destination"

    assert "<HideInUI>\n\nThis page contains the setup guide and reference information for the " in text
    assert f"The {name} {kind} connector supports the following [sync modes](" in text
    prerequisites = text.partition("## Prerequisites")[2].partition("\n## ")[0].lower()
    assert all(word in prerequisites for word in ("account", "credentials"))


@each_page
def test_the_changelog_has_a_row_for_the_version(connector: Connector) -> None:
    metadata = yaml.safe_load((connector.folder / "metadata.yaml").read_text(encoding="utf-8"))
    versions = [row[0] for row in table_below(text_of(connector), "## Changelog")]

    assert versions[0] == metadata["data"]["dockerImageTag"]
    assert "<details>\n  <summary>Expand to review</summary>\n" in text_of(connector)


@each_page
def test_every_stream_is_in_a_table(connector: Connector) -> None:
    named = set(re.findall(r"(?m)^\| `?([a-z_]+)`? +\|", text_of(connector)))

    assert connector.streams - named == set()


@each_page
def test_every_setting_is_in_the_reference(connector: Connector) -> None:
    spec = yaml.safe_load((connector.folder / connector.name.replace("-", "_") / "spec.yaml").read_text("utf-8"))
    properties = spec["connectionSpecification"]["properties"]
    reference = text_of(connector).partition("## Reference")[2]

    objects = {name for name, setting in properties.items() if setting["type"] == "object"}  # the reference: its parts
    named = {*properties, *(leaf for setting in properties.values() for leaf in _leaves(setting))} - objects
    assert {name for name in named if f"{name}`" not in reference} == set()


@each_page
def test_an_anchor_holds_fields_that_the_form_shows(connector: Connector) -> None:
    """`<FieldAnchor field="a,b[mode]">`: the form shows that passage to whoever fills in `a`, or `b` in that mode."""
    spec = yaml.safe_load((connector.folder / connector.name.replace("-", "_") / "spec.yaml").read_text("utf-8"))
    shown = {
        name: {
            part["const"]
            for variant in setting.get("oneOf", [])
            for part in variant["properties"].values()
            if "const" in part
        }
        for name, setting in spec["connectionSpecification"]["properties"].items()
        if not setting.get("airbyte_hidden")
    }
    text = text_of(connector)
    tags = re.findall(r"(?m)^</?FieldAnchor\b", text)
    fields = ",".join(re.findall(r'(?m)^<FieldAnchor field="([^"]+)">\n\n', text)).split(",")
    anchored = [re.fullmatch(r"(\w+)(?:\[(\w+)\])?", field) for field in fields]

    assert tags == ["<FieldAnchor", "</FieldAnchor"] * (len(tags) // 2) != []
    assert all(found and found[1] in shown and found[2] in (None, *shown[found[1]]) for found in anchored), fields
    assert set(spec["connectionSpecification"]["required"]) <= {found[1] for found in anchored if found}


def _leaves(setting: dict[str, object]) -> set[str]:
    variants = setting.get("oneOf", [setting])
    assert isinstance(variants, list)
    return {name for variant in variants for name in variant.get("properties", {})}


@each_page
def test_links_lead_somewhere(connector: Connector) -> None:
    links = re.findall(r"\]\(([^)]+)\)", text_of(connector))

    assert {link for link in links if "://" not in link and not (connector.page.parent / link).exists()} == set()
    assert {link for link in links if "://" in link and not link.startswith("https://")} == set()


@for_each_version
def test_the_tables_of_the_crm_source_are_what_it_discovers(api: Version) -> None:
    rows = table_below(text_of(by_name("source-rdstation-crm")), f"### Streams over API {api}")
    found = {
        name: (
            ", ".join(field for (field,) in stream["source_defined_primary_key"]),
            (stream.get("default_cursor_field") or [""])[0],
        )
        for name, stream in discovered(api).items()
    }

    assert {row[0]: (row[1], row[2]) for row in rows} == found
