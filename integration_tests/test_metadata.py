"""The registry's papers: metadata and icons against the published model, and what its QA compares with one another."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import pytest
import yaml
from airbyte_cdk.models.connector_metadata import MetadataFile

from connectors import CONNECTORS, ROOT, Connector

MODELS: dict[str, Callable[[Mapping[str, Any]], object]] = {"cdk": MetadataFile.model_validate}
if sys.version_info < (3, 13):  # the package of the registry's model asks for that
    from airbyte_connector_models.metadata.v0.connector_metadata_definition_v0 import ConnectorMetadataDefinitionV0

    MODELS["registry"] = ConnectorMetadataDefinitionV0.model_validate

FOLDERS = sorted(path.parent for path in ROOT.glob("*-rdstation-*/metadata.yaml"))
each_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
each_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=str)

PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def metadata(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / "metadata.yaml").read_text(encoding="utf-8"))
    return loaded


def data(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = metadata(folder)["data"]
    return found


def only(pattern: str, text: str) -> str:
    """The one group of the one match."""
    (found,) = re.findall(pattern, text)
    return str(found)


VERSION = only(r'(?m)^version = "(.+)"$', PYPROJECT)


def test_the_table_of_connectors_names_every_console_script() -> None:
    scripts = re.findall(r"(?m)^((?:source|destination)-[a-z-]+) = ", PYPROJECT)

    assert sorted(scripts) == sorted(connector.name for connector in CONNECTORS)


@each_folder
@pytest.mark.parametrize("model", MODELS)
def test_metadata_fits_the_published_model(folder: Path, model: str) -> None:
    MODELS[model](metadata(folder))


@pytest.mark.parametrize("model", MODELS)
def test_the_model_refuses_what_is_wrong(model: str) -> None:
    wrong = metadata(FOLDERS[0])
    del wrong["data"]["dockerRepository"]

    with pytest.raises(ValueError, match="dockerRepository"):
        MODELS[model](wrong)


@each_folder
def test_metadata_agrees_with_the_folder_it_lies_in(folder: Path) -> None:
    found, kind = data(folder), folder.name.partition("-")[0]

    assert found["connectorType"] == kind
    assert found["dockerRepository"] == f"airbyte/{folder.name}"
    assert found["githubIssueLabel"] == folder.name
    assert found["documentationUrl"].endswith(f"/integrations/{kind}s/{folder.name.removeprefix(f'{kind}-')}")
    assert found.get("supportsDataActivation", False) is (kind == "destination")
    assert {"language:python", "cdk:python", "keyword:rd-station"} <= set(found["tags"])
    UUID(found["definitionId"])


def test_no_two_connectors_share_an_id() -> None:
    assert len({data(folder)["definitionId"] for folder in FOLDERS}) == len(FOLDERS) == 3


@each_folder
def test_version_licence_and_package_are_the_same_everywhere(folder: Path) -> None:
    found = data(folder)

    assert found["dockerImageTag"] == VERSION
    assert found["license"] == only(r'(?m)^license = "(.+)"$', PYPROJECT) == "MIT"
    assert found["remoteRegistries"]["pypi"]["packageName"] == only(r'(?m)^name = "(.+)"$', PYPROJECT)
    assert only(r"(?m)^ARG CONNECTOR_VERSION=(.+)$", DOCKERFILE) == VERSION
    assert re.search(rf"(?m)^## {re.escape(VERSION)} ", CHANGELOG)
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")


@each_folder
def test_the_links_lead_to_references_a_guide_and_the_status(folder: Path) -> None:
    links = data(folder)["externalDocumentationUrls"]

    assert {link["type"] for link in links} >= {"api_reference", "authentication_guide", "status_page"}
    assert len({link["url"] for link in links}) == len(links)
    assert all(re.fullmatch(r"https://(developers|status)\.rdstation\.com\b.*", link["url"]) for link in links)


@each_folder
def test_the_memory_asked_for_is_the_recipes_and_holds_what_was_measured(folder: Path) -> None:
    recipe = (ROOT / "docs" / "recipes" / "kubernetes.md").read_text(encoding="utf-8")
    measured = [int(peak) for peak in re.findall(rf"(?m)^\| `{folder.name} .*\| (\d+) MB \|$", recipe)]
    memory = data(folder)["resourceRequirements"]["default"]

    assert memory["memory_request"] == only(r"memory:\n +request: (\S+)", recipe)
    assert memory["memory_limit"] == only(r"memory:\n +request: \S+\n +limit: (\S+)", recipe)
    assert 0 < max(measured) * 1.5 < int(memory["memory_request"].removesuffix("Mi")) * 2**20 / 10**6


@each_folder
def test_the_base_image_is_the_dockerfiles_and_pinned(folder: Path) -> None:
    base = data(folder)["connectorBuildOptions"]["baseImage"]

    assert base == only(r"(?m)^ARG BASE_IMAGE=(.+)$", DOCKERFILE)
    assert re.fullmatch(r"docker\.io/airbyte/python-connector-base:[\d.]+@sha256:[0-9a-f]{64}", base)


@each_folder
def test_the_icon_is_a_square_picture_of_its_own(folder: Path) -> None:
    picture = ElementTree.parse(folder / data(folder)["icon"]).getroot()  # noqa: S314 - our own file

    assert picture.tag == "{http://www.w3.org/2000/svg}svg"
    assert picture.attrib["viewBox"] == "0 0 250 250"
    assert picture.attrib["width"] == picture.attrib["height"] == "250"
    assert not list(picture.iter("{http://www.w3.org/2000/svg}image"))
    assert len({(other / "icon.svg").read_text(encoding="utf-8") for other in FOLDERS}) == len(FOLDERS)


@each_connector
def test_the_hosts_are_those_that_the_connector_calls(connector: Connector) -> None:
    assert connector.hosts <= set(data(connector.folder)["allowedHosts"]["hosts"])
    code = "\n".join(path.read_text(encoding="utf-8") for path in sorted(connector.folder.rglob("*.py")))
    assert {host for host in connector.hosts if f'"https://{host}"' not in code} == set()


@each_connector
def test_suggested_streams_exist(connector: Connector) -> None:
    suggested = data(connector.folder).get("suggestedStreams", {}).get("streams", [])

    assert bool(suggested) is connector.is_source
    assert set(suggested) <= connector.streams
