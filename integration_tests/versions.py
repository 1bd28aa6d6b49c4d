"""The APIs as tests need them: streams and cursors, and what the emulator calls their records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from emulator.client import Emulator

__all__ = ["CONVERSAS", "V1", "V2", "VERSIONS", "Version", "for_each_version"]


@dataclass(frozen=True, eq=False)
class Version(ABC):
    """One version of an API."""

    name: str
    root: str  # how the paths of its requests begin
    cursors: Mapping[str, str]  # as the pages in docs/integrations name them; "" where a stream has none
    lists: Mapping[str, str] = field(default_factory=dict)  # what the emulator's truth calls them, if otherwise

    def __str__(self) -> str:
        return self.name

    @property
    def streams(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.cursors)

    @property
    def with_cursor(self) -> tuple[str, ...]:
        """The names of those that have one."""
        return tuple(stream for stream, cursor in self.cursors.items() if cursor)

    @property
    @abstractmethod
    def script(self) -> str:
        """The connector that reads it: a console script."""

    @abstractmethod
    def config(self, crm: Emulator) -> dict[str, Any]:
        """A configuration that works now."""

    @abstractmethod
    def path(self, stream: str) -> str:
        """The path of the stream's list."""

    @abstractmethod
    def truth(self, crm: Emulator, stream: str, *, visible: bool = False) -> Any:
        """The stream's records as the API would serve them now; of child lists, by the parent's id.

        `visible` keeps those that the token's user sees (v1).
        """

    @abstractmethod
    def ids(self, crm: Emulator, stream: str, *, visible: bool = False) -> set[str]:
        """The ids of the stream's records; `visible` as above."""

    @abstractmethod
    def edited(self, stream: str) -> str:
        """The name under which the emulator edits, creates and deletes the stream's records."""


@dataclass(frozen=True, eq=False)
class Crm(Version):
    """A version of the CRM's API."""

    name: Literal["v1", "v2"]
    rows: Mapping[str, str] = field(default_factory=dict)  # the emulator's list to edit, if named otherwise
    script = "source-rdstation-crm"

    def config(self, crm: Emulator) -> dict[str, Any]:
        """With credentials."""
        return crm.config(self.name)

    def path(self, stream: str) -> str:
        """Where its list is."""
        return f"{self.root}/{self.lists.get(stream, stream)}"

    def truth(self, crm: Emulator, stream: str, *, visible: bool = False) -> Any:
        """As serialised now."""
        return crm.truth(self.lists.get(stream, stream), api=self.name, visible=visible)

    def ids(self, crm: Emulator, stream: str, *, visible: bool = False) -> set[str]:
        """By the emulator's own account."""
        return crm.ids(self.lists.get(stream, stream), api=self.name, visible=visible)

    def edited(self, stream: str) -> str:
        """Both versions show the same rows."""
        return self.rows.get(stream, stream)


@dataclass(frozen=True, eq=False)
class Conversas(Version):
    """RD Station Conversas; its messages have no ids there."""

    paths: Mapping[str, str] = field(default_factory=dict)
    script = "source-rdstation-conversas"

    def config(self, crm: Emulator) -> dict[str, Any]:
        """With start date and key."""
        return crm.conversas_config()

    def path(self, stream: str) -> str:
        """No rule: each has its own."""
        return self.paths[stream]

    def truth(self, crm: Emulator, stream: str, *, visible: bool = False) -> Any:
        """As served now."""
        return crm.conversas_truth(self.edited(stream))

    def ids(self, crm: Emulator, stream: str, *, visible: bool = False) -> set[str]:
        """By the emulator's own account."""
        return crm.conversas_ids(self.edited(stream))

    def edited(self, stream: str) -> str:
        """As its truth is called."""
        return self.lists.get(stream, stream)


V2: Version = Crm(
    name="v2",
    root="/crm/v2",
    cursors={
        "campaigns": "",
        "contacts": "updated_at",
        "custom_fields": "",
        "deal_files": "deal_updated_at",
        "deal_notes": "deal_updated_at",
        "deal_products": "deal_updated_at",
        "deals": "updated_at",
        "lost_reasons": "",
        "meetings": "",
        "organizations": "updated_at",
        "pipelines": "",
        "products": "",
        "segments": "",
        "sources": "",
        "stages": "",
        "tasks": "updated_at",
        "teams": "",
        "users": "",
    },
)
V1: Version = Crm(
    name="v1",
    root="/api/v1",
    cursors={
        "activities": "",
        "campaigns": "",
        "companies": "updated_at",
        "contacts": "updated_at",
        "custom_fields": "",
        "deal_contacts": "deal_updated_at",
        "deal_pipelines": "",
        "deal_sources": "",
        "deal_stages": "",
        "deals": "",
        "deals_details": "updated_at",
        "products": "",
        "reasons_for_loss": "",
        "tasks": "",
        "teams": "",
        "users": "",
    },
    lists={"companies": "organizations", "deals_details": "deal_details", "reasons_for_loss": "deal_lost_reasons"},
    rows={
        "activities": "deal_notes",
        "companies": "organizations",
        "deal_contacts": "deals",
        "deal_pipelines": "pipelines",
        "deal_sources": "sources",
        "deals_details": "deals",
        "reasons_for_loss": "lost_reasons",
    },
)
VERSIONS = (V2, V1)  # of the CRM
for_each_version = pytest.mark.parametrize("api", VERSIONS, ids=str)


CONVERSAS: Version = Conversas(
    name="conversas",
    root="/v2",
    cursors={
        "attendances_retention": "date",
        "attendances_reviews_average": "date",
        "attendances_summary": "date",
        "campaigns": "",
        "contacts": "",
        "contacts_origin": "date",
        "custom_fields": "",
        "employees": "",
        "flows": "",
        "messages": "created_at",
        "messages_history": "",
        "reports": "created_at",
        "templates": "",
        "wallets": "",
        "whatsapp_integrations": "",
        "whatsapp_official_integrations": "",
        "workflows": "",
    },
    lists={"contacts": "customers"},
    paths={
        "attendances_retention": "/v1/analytics/attendances/retention",
        "attendances_reviews_average": "/v1/analytics/attendances/reviews/average",
        "attendances_summary": "/v1/analytics/attendances/summary",
        "campaigns": "/v1/campaigns",
        "contacts": "/v2/customers",
        "contacts_origin": "/v1/analytics/contacts/origin",
        "custom_fields": "/v2/custom-fields",
        "employees": "/v2/employees",
        "flows": "/v2/flows",
        "messages": "/v2/messages/history",
        "messages_history": "/v2/messages/history",
        "reports": "/v4/reports",
        "templates": "/v2/template/all",
        "wallets": "/v2/wallets",
        "whatsapp_integrations": "/v2/whatsapp/integrations",
        "whatsapp_official_integrations": "/v2/whatsapp/integrations/official",
        "workflows": "/v2/workflows",
    },
)
