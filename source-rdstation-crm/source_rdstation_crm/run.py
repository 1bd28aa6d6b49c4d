"""The console script `source-rdstation-crm`."""

from __future__ import annotations

from airbyte_rdstation.start_up import quick_import

__all__ = ["run"]


def run(args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `read`."""
    with quick_import():
        from airbyte_rdstation.airbyte import entrypoint
        from source_rdstation_crm.source import SourceRdstationCrm

    entrypoint.run(SourceRdstationCrm, args)


if __name__ == "__main__":
    run()
