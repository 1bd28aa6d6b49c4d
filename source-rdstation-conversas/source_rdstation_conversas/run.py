"""Runs the console script `source-rdstation-conversas`."""

from __future__ import annotations

from airbyte_rdstation.airbyte import entrypoint
from source_rdstation_conversas.source import SourceRdstationConversas

__all__ = ["run"]


def run(args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `read`."""
    entrypoint.run(SourceRdstationConversas, args)


if __name__ == "__main__":
    run()
