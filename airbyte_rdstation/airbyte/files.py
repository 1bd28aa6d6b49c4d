"""What a connector reads from files: what the platform hands it, and what its own package holds."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import orjson
import yaml
from airbyte_cdk.models import (
    AirbyteStateMessage,
    AirbyteStateMessageSerializer,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteCatalogSerializer,
    ConnectorSpecification,
    ConnectorSpecificationSerializer,
)

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.config_file import load, read_json

__all__ = ["read_catalog", "read_config", "read_schema", "read_specification", "read_states"]

T = TypeVar("T")


def read_config(path: str) -> MutableMapping[str, Any]:
    """Read the configuration. Raises a config error where the file holds something else."""
    try:
        return load(Path(path))
    except ValueError as error:
        raise config_error(f"The configuration file cannot be read: it must hold one JSON object. {error}") from None


def read_catalog(path: str) -> ConfiguredAirbyteCatalog:
    """Read the configured catalog. Raises a config error where the file holds something else."""
    return _read_file(
        path,
        "The catalog file cannot be read: it must hold a configured Airbyte catalog.",
        ConfiguredAirbyteCatalogSerializer.load,
    )


def read_states(path: str) -> list[AirbyteStateMessage]:
    """Read the state messages of a file, none where there is no path.

    Raises a config error where the file holds something else.
    """
    refusal = "The state file cannot be read: it must hold a list of state messages as this connector wrote them."
    return _read_file(path, refusal, _state_messages) if path else []


def _state_messages(content: Any) -> list[AirbyteStateMessage]:
    messages = [AirbyteStateMessageSerializer.load(item) for item in content or []]
    if not all(message.stream or message.data or message.global_ for message in messages):
        raise ValueError("no state message")
    return messages


def _read_file(path: str, refusal: str, parse: Callable[[Any], T]) -> T:
    """Return what `parse` makes of the file's JSON. Raises a config error that begins with `refusal` where it fails."""
    try:
        content = read_json(Path(path))
    except ValueError as error:
        raise config_error(f"{refusal} {error}") from None
    try:
        return parse(content)
    except Exception:  # noqa: BLE001 - a deserializer's errors are of many types, and quote values
        raise config_error(refusal) from None


def read_specification(package: str) -> ConnectorSpecification:
    """Read the package's `spec.yaml`: for `spec`, and for the CDK's check of a configuration.

    The CDK reads it too, but with PyYAML's loader in Python, which takes 80 ms of each command; libyaml's takes 8.
    """
    text = resources.files(package).joinpath("spec.yaml").read_bytes()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # absent where PyYAML was built without libyaml
    return ConnectorSpecificationSerializer.load(yaml.load(text, Loader=loader))  # noqa: S506 - both are safe loaders


def read_schema(package: str, folder: str, stream: str) -> dict[str, Any]:
    """Read the JSON schema of a stream, the caller's own; `folder` lies below the package."""
    text = resources.files(package).joinpath(folder).joinpath(f"{stream}.json").read_bytes()
    schema: dict[str, Any] = orjson.loads(text)
    return schema
