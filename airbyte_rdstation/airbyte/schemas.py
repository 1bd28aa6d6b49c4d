"""The committed JSON schemas of the streams: one file a stream, in a package of the connector."""

from __future__ import annotations

from importlib import resources
from typing import Any

import orjson

__all__ = ["schema_of"]


def schema_of(package: str, folder: str, stream: str) -> dict[str, Any]:
    """The schema of a stream, the caller's own; `folder` lies below the package."""
    text = resources.files(package).joinpath(folder).joinpath(f"{stream}.json").read_bytes()
    schema: dict[str, Any] = orjson.loads(text)
    return schema
