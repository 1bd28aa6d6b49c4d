"""RD Station CRM as an Airbyte destination: tables into contacts, deals and organizations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from destination_rdstation_crm.destination import DestinationRdstationCrm

__all__ = ["DestinationRdstationCrm"]


def __getattr__(name: str) -> Any:
    """Import the destination when it is asked for: `run` prepares the process before anything imports the CDK."""
    if name not in __all__:
        raise AttributeError(name)
    from destination_rdstation_crm.destination import DestinationRdstationCrm

    return DestinationRdstationCrm
