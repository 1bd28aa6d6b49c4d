"""The specification that a connector's package holds, for `spec` and for the CDK's check of a configuration."""

from __future__ import annotations

from importlib import resources

import yaml
from airbyte_cdk.models import ConnectorSpecification, ConnectorSpecificationSerializer

__all__ = ["read_specification"]


def read_specification(package: str) -> ConnectorSpecification:
    """The package's `spec.yaml`.

    The CDK reads it too, but with PyYAML's loader in Python, which takes 80 ms of each command; libyaml's takes 8.
    """
    text = resources.files(package).joinpath("spec.yaml").read_bytes()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # absent where PyYAML was built without libyaml
    return ConnectorSpecificationSerializer.load(yaml.load(text, Loader=loader))  # noqa: S506 - both are safe loaders
