"""What the papers say is so: links and paths lead somewhere, tasks exist, examples are valid, tables are complete."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from paper_text import fences, inline_code, prose, tables, targets, text_of
from source_rdstation_conversas.table_conversas import STREAMS as STREAMS_CONVERSAS
from source_rdstation_crm.v1.table_v1 import STREAMS as STREAMS_V1
from source_rdstation_crm.v2.table_v2 import STREAMS as STREAMS_V2
from versions import CONVERSAS, V1, V2, Version

ROOT = Path(__file__).resolve().parent.parent
PAPERS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("skills/**/*.md")])
READMES = (ROOT / "README.md", ROOT / "README.pt-BR.md")
SCREEN = 120
"""Lines of a README, at most: what is longer belongs on a page of its own."""
OF_THE_READER = (
    "secrets/",
    "build/",
    "<connector>/secrets/",
    "models/",
    "job.py",
    "conversas.py",
    "connections/",
    "demo/rdstation.duckdb",
)
"""How names of files begin that the reader makes, or the tasks."""
SUFFIXES = (".py", ".md", ".yml", ".yaml", ".toml", ".txt", ".json", ".svg", ".sh")
TABLES: Mapping[Version, Any] = {V2: STREAMS_V2, V1: STREAMS_V1, CONVERSAS: STREAMS_CONVERSAS}
API_PAGES = {V2: "crm-v2.md", V1: "crm-v1.md", CONVERSAS: "conversas.md"}


def name_of(paper: Path) -> str:
    return str(paper.relative_to(ROOT))


each_paper = pytest.mark.parametrize("paper", PAPERS, ids=name_of)


def anchors(paper: Path) -> set[str]:
    """What the headings of a paper can be linked by."""
    headings = re.findall(r"(?m)^#+ (.+)$", prose(text_of(paper)))
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_paper
def test_a_link_leads_somewhere(paper: Path) -> None:
    dead = []
    for link in re.findall(r"\]\(([^)]+)\)", prose(text_of(paper))):
        path, _, anchor = link.partition("#")
        target = (paper.parent / path).resolve() if path else paper
        if "://" in link:
            dead += [link] if not link.startswith("https://") else []
        elif not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    assert dead == []


@cache
def repository() -> frozenset[str]:
    """Every file and folder, by each way of naming it: from the root on, or from a folder below."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    names = set()
    for file in files:
        path = Path(file)
        for place in (path, *path.parents):
            names |= {"/".join(place.parts[start:]) for start in range(len(place.parts))}
    return frozenset(names)


def is_path(code: str) -> bool:
    if re.search(r"[\s:@={}|?]", code) or code.startswith((*OF_THE_READER, "/", "~", ".")):
        return False
    top = {path.name for path in ROOT.iterdir()}
    return code.endswith(("/", *SUFFIXES)) or ("/" in code and code.partition("/")[0] in top - {"rdstation"})


def exists(path: str) -> bool:
    wanted = re.sub(r"<[^>]+>", "*", path.removeprefix("…/").rstrip("/"))
    if "*" not in wanted:
        return wanted in repository()
    pattern = re.compile(re.escape(wanted).replace(r"\*", "[^/]*"))
    return any(pattern.fullmatch(name) for name in repository())


@each_paper
def test_a_file_that_is_named_exists(paper: Path) -> None:
    assert [code for code in inline_code(text_of(paper)) if is_path(code) and not exists(code)] == []


@each_paper
def test_a_task_that_is_named_exists(paper: Path) -> None:
    tasks = set(re.findall(r"(?m)^([a-z-]+):.*## ", text_of(ROOT / "Makefile")))

    assert targets(text_of(paper)) - tasks == set()


@cache
def specification(connector: str) -> dict[str, Any]:
    path = ROOT / connector / connector.replace("-", "_") / "spec.yaml"
    schema: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["connectionSpecification"]
    return schema


def examples(text: str) -> list[dict[str, Any]]:
    """Every JSON block, and configurations within a sentence."""
    inline = [f"{{{code}}}" for code in inline_code(text) if code.startswith('"credentials":')]
    return [json.loads(block) for block in [*fences(text, "json"), *inline]]


@pytest.mark.parametrize("paper", [paper for paper in PAPERS if paper.parent.name != "api"], ids=name_of)
def test_an_example_of_a_configuration_fits_the_specification(paper: Path) -> None:
    for example in examples(text_of(paper)):
        connector = "source-rdstation-crm" if "credentials" in example else "source-rdstation-conversas"
        schema = specification("destination-rdstation-crm" if "mode" in example else connector)
        if "mode" in example and "credentials" not in example:
            schema = {**schema, "required": []}  # the part of it that a passage is about
        jsonschema.validate(example, schema)
        assert example.keys() <= schema["properties"].keys()


@each_paper
def test_an_example_diff_is_what_the_files_hold(paper: Path) -> None:
    lines = [line for block in fences(text_of(paper), "diff") for line in block.splitlines()]
    file = paper
    for line in lines:
        if line.startswith("--- "):
            file = ROOT / line.removeprefix("--- ")
        else:
            assert line[1:] in text_of(file).splitlines(), f"{file.relative_to(ROOT)} has no line like {line[1:]}"


@each_paper
def test_a_program_can_be_parsed(paper: Path) -> None:
    for program in fences(text_of(paper), "python"):
        compile(program, str(paper), "exec")
    for document in fences(text_of(paper), "yaml"):
        assert isinstance(yaml.safe_load(document), dict)


def version_of(paper: Path, heading: str) -> Version:
    if "conversas" in f"{paper.name} {heading}".lower():
        return CONVERSAS
    return V1 if "v1" in heading else V2


@pytest.mark.parametrize(
    ("paper", "versions"),
    [
        ("docs/integrations/sources/rdstation-crm.md", [V2, V1]),
        ("docs/integrations/sources/rdstation-conversas.md", [CONVERSAS]),
    ],
    ids=["crm", "conversas"],
)
def test_a_table_of_streams_is_complete(paper: str, versions: list[Version]) -> None:
    shown = []
    for heading, rows in tables(text_of(ROOT / paper)):
        if not rows or "stream" not in rows[0]:
            continue
        version = version_of(ROOT / paper, heading)
        shown.append(version)
        assert {row["stream"]: row["cursor"] for row in rows} == version.cursors
        if "primary key" in rows[0]:
            keys = {spec.name: spec.primary_key for spec in TABLES[version]}
            found = {row["stream"]: row["primary key"] for row in rows}
            assert found == {name: key if isinstance(key, str) else ", ".join(key) for name, key in keys.items()}
        if "endpoint" in rows[0] and version is CONVERSAS:
            assert {row["stream"]: row["endpoint"].strip("`") for row in rows} == {
                spec.name: spec.path for spec in TABLES[version]
            }
    assert shown == versions


@pytest.mark.parametrize("version", TABLES, ids=str)
def test_every_list_stands_on_the_page_of_its_api(version: Version) -> None:
    page = text_of(ROOT / "docs/api" / API_PAGES[version])
    paths = {spec.path: re.escape(spec.path).replace(r"\{parent_id\}", r"[^/\s`]+") for spec in TABLES[version]}
    assert [path for path, pattern in paths.items() if not re.search(rf"{pattern}(?![/\w-])", page)] == []


@pytest.mark.parametrize(
    "connector", ["source-rdstation-crm", "source-rdstation-conversas", "destination-rdstation-crm"]
)
def test_the_page_of_a_connector_explains_every_option(connector: str) -> None:
    kind, _, name = connector.partition("-")
    page = text_of(ROOT / "docs" / "integrations" / f"{kind}s" / f"{name}.md")

    explained = next(rows for heading, rows in tables(page) if heading == "Reference")
    options = {code.partition(".")[0] for row in explained for code in inline_code(row["property"])}
    assert options == set(specification(connector)["properties"])


@pytest.mark.parametrize("readme", READMES, ids=name_of)
def test_a_readme_is_about_one_screen(readme: Path) -> None:
    assert len(text_of(readme).splitlines()) <= SCREEN
