"""The console script `source-rdstation-conversas`."""

from __future__ import annotations

from airbyte_rdstation.start_up import quick_import

__all__ = ["run"]


def run(args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `read`."""
    with quick_import():
        from airbyte_rdstation.airbyte import entrypoint
        from source_rdstation_conversas.source import SourceRdstationConversas

    entrypoint.run(SourceRdstationConversas, args)


if __name__ == "__main__":
    run()
