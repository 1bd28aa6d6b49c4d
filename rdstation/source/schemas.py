"""The committed JSON schemas of the streams: one file a stream, in a package of the connector."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any

import orjson

__all__ = ["schema_of"]


@cache
def _load(package: str, folder: str, stream: str) -> Mapping[str, Any]:
    text = resources.files(package).joinpath(folder).joinpath(f"{stream}.json").read_bytes()
    schema: Mapping[str, Any] = orjson.loads(text)
    return schema


def schema_of(package: str, folder: str, stream: str) -> dict[str, Any]:
    """The schema of a stream, a copy of its own; `folder` lies below the package."""
    return deepcopy(dict(_load(package, folder, stream)))
