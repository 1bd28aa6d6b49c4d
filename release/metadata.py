"""What the index shows of a package and only the place of a release knows: addresses, and a README that stands alone.

hatchling runs this at each build (`[tool.hatch.metadata.hooks.custom]` in pyproject.toml). REPOSITORY_URL, an address
such as https://github.com/owner/airbyte-rdstation, comes from whoever releases; without it a package names no address,
and its README keeps the links as they are.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

from hatchling.metadata.plugin.interface import MetadataHookInterface

__all__ = ["ReleaseMetadata", "project_urls", "repository"]

_TARGET: Final = re.compile(r"(?<=\]\()[^)\s]+")
_PICTURES: Final = (".png", ".svg")


class ReleaseMetadata(MetadataHookInterface):
    """Fills in `readme` and `urls`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set both, in the form of the project table."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        if address := repository():
            readme = _standing_alone(readme, address, metadata["version"])
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}
        metadata["urls"] = project_urls(metadata["version"])


def repository() -> str:
    """Return REPOSITORY_URL without a slash at its end; "" where it is no https address, as for a build by hand."""
    address = os.environ.get("REPOSITORY_URL", "")
    return address.rstrip("/") if address.startswith("https://") else ""


def project_urls(version: str) -> dict[str, str]:
    """Return `{"Source": "https://…", …}`, pages as they were at the tag of the version; none without an address."""
    address = repository()
    if not address:
        return {}
    return {
        "Source": address,
        "Documentation": f"{address}/tree/v{version}/docs",
        "Changelog": f"{address}/blob/v{version}/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }


def _standing_alone(readme: str, address: str, version: str) -> str:
    def absolute(target: re.Match[str]) -> str:
        view = "raw" if target[0].endswith(_PICTURES) else "blob"
        return urljoin(f"{address}/{view}/v{version}/README.md", target[0])

    return _TARGET.sub(absolute, readme)
