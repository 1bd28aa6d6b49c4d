"""RD Station Conversas as an Airbyte source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from source_rdstation_conversas.source import SourceRdstationConversas

__all__ = ["SourceRdstationConversas"]


def __getattr__(name: str) -> Any:
    """Import the source when it is asked for: `run` prepares the process before anything imports the CDK."""
    if name not in __all__:
        raise AttributeError(name)
    from source_rdstation_conversas.source import SourceRdstationConversas

    return SourceRdstationConversas
