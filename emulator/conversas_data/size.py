"""How much there is in an invented account of Conversas."""

from __future__ import annotations

from dataclasses import dataclass, fields

__all__ = ["ConversasSize"]


@dataclass(frozen=True)
class ConversasSize:
    """Rows of each list to begin with; messages are drawn for each contact, none up to `messages_per_contact`."""

    contacts: int = 60
    messages_per_contact: int = 40
    reports: int = 120
    employees: int = 8
    custom_fields: int = 5
    flows: int = 4
    workflows: int = 3
    templates: int = 6
    wallets: int = 3
    integrations: int = 2
    official_integrations: int = 2
    campaigns: int = 12

    @classmethod
    def choices(cls) -> list[str]:
        """Everything whose number can be chosen."""
        return [item.name for item in fields(cls)]
