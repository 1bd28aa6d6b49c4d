"""Builds what a release publishes: wheel and sdist, an alias wheel a connector, and the bill of materials (SBOM).

An alias is an empty package `airbyte-<connector>` that requires `airbyte-rdstation` in its own version. PyAirbyte,
tap-airbyte and airbyte-mcp look for a connector under that name.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from release.metadata import project_urls

__all__ = ["BINARIES", "ROOT", "connectors", "distributions", "sbom", "version"]

ROOT = Path(__file__).resolve().parent.parent
BINARIES = Path(sys.executable).parent
CYCLONEDX = ROOT / ".venv-release/bin/cyclonedx-py"
LOCK = ROOT / "requirements/runtime.txt"
ALIAS = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "airbyte-{connector}"
version = "{version}"
description = "{connector}: an alias of airbyte-rdstation, by the name under which Airbyte's clients look for it."
readme = "README.md"
requires-python = "{python}"
license = "{license}"
dependencies = ["airbyte-rdstation=={version}"]
urls = {urls}

[tool.hatch.build.targets.wheel]
bypass-selection = true
core-metadata-version = "2.4"
"""
ALIAS_README = """\
# airbyte-{connector}

Installs the package airbyte-rdstation {version}, which brings the command
`{connector}`. PyAirbyte, tap-airbyte and airbyte-mcp look for a connector under this name.
"""


def version() -> str:
    """The version of everything that is released; pyproject.toml alone says it."""
    return distribution("airbyte-rdstation").version


def connectors() -> list[str]:
    """The commands that Airbyte knows, `source-rdstation-crm` and so on."""
    commands = [command.name for command in distribution("airbyte-rdstation").entry_points]
    return sorted(name for name in commands if name.startswith(("source-", "destination-")))


def distributions(folder: Path) -> list[Path]:
    """Builds wheel, sdist and the alias wheels into an empty folder; returns their paths.

    Raises:
        CalledProcessError: a build failed; what it said is on stderr.
    """
    folder.mkdir(parents=True)
    _hatchling(ROOT, folder, "sdist", "wheel")
    for connector in connectors():
        sources = folder / "aliases" / connector
        sources.mkdir(parents=True)
        about = distribution("airbyte-rdstation").metadata
        facts = {
            "connector": connector,
            "version": version(),
            "python": about["Requires-Python"],
            "license": about["License-Expression"],
            "urls": "{" + ", ".join(f'{name} = "{url}"' for name, url in project_urls(version()).items()) + "}",
        }
        (sources / "pyproject.toml").write_text(ALIAS.format(**facts), encoding="utf-8")
        (sources / "README.md").write_text(ALIAS_README.format(**facts), encoding="utf-8")
        _hatchling(sources, folder, "wheel")
    return sorted(path for path in folder.iterdir() if path.is_file())


def _hatchling(sources: Path, folder: Path, *targets: str) -> None:
    chosen = [part for target in targets for part in ("--target", target)]
    subprocess.run([BINARIES / "hatchling", "build", "--directory", folder, *chosen], cwd=sources, check=True)


def sbom(path: Path) -> Path:
    """Writes what is installed with a connector as CycloneDX JSON, hashes included, from the lock.

    Raises:
        CalledProcessError: cyclonedx-py failed; what it said is on stderr.
    """
    form = ("--output-reproducible", "--output-format", "JSON")
    subprocess.run([CYCLONEDX, "requirements", LOCK, *form, "--output-file", path], check=True)
    return path
