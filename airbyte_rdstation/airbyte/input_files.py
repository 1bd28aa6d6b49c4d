"""The files that a platform hands to a connector: configuration, catalog, state."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, TypeVar

from airbyte_cdk.models import ConfiguredAirbyteCatalog, ConfiguredAirbyteCatalogSerializer

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config_file import load, read_json

__all__ = ["read_catalog", "read_config", "read_file"]

T = TypeVar("T")


def read_config(path: str) -> MutableMapping[str, Any]:
    """Read the configuration; a config error where the file holds something else."""
    try:
        return load(Path(path))
    except ValueError as error:
        raise config_error(f"The configuration file cannot be read: it must hold one JSON object. {error}") from None


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """Read the configured catalog; a config error where the file holds something else."""
    return read_file(
        path,
        "The catalog file cannot be read: it must hold a configured Airbyte catalog.",
        ConfiguredAirbyteCatalogSerializer.load,
    )


def read_file(path: str, refusal: str, parse: Callable[[Any], T]) -> T:
    """What `parse` makes of the file's JSON; a config error that begins with `refusal` where it raises anything."""
    try:
        content = read_json(Path(path))
    except ValueError as error:
        raise config_error(f"{refusal} {error}") from None
    try:
        return parse(content)
    except Exception:  # noqa: BLE001 - a deserializer's errors are of many types, and quote values
        raise config_error(refusal) from None
