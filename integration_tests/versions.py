"""The two versions of the API as tests need them: streams and cursors, and what the emulator calls their records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from emulator.client import Emulator

__all__ = ["V1", "V2", "VERSIONS", "Version", "for_each_version"]


@dataclass(frozen=True, eq=False)
class Version:
    """One version of the API."""

    name: Literal["v1", "v2"]
    root: str  # how the paths of its requests begin
    cursors: Mapping[str, str]  # contract.md's table: stream -> cursor, "" where it has none
    lists: Mapping[str, str] = field(
        default_factory=dict
    )  # what the API and the emulator's truth call it, if otherwise
    rows: Mapping[str, str] = field(default_factory=dict)  # the emulator's list to edit, if named otherwise

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

    def path(self, stream: str) -> str:
        """The path of the stream's list."""
        return f"{self.root}/{self.lists.get(stream, stream)}"

    def truth(self, crm: Emulator, stream: str) -> Any:
        """The stream's records as the API would serve them now; of child lists, by the parent's id."""
        return crm.truth(self.lists.get(stream, stream), api=self.name)

    def ids(self, crm: Emulator, stream: str, *, visible: bool = False) -> set[str]:
        """The ids of the stream's records; `visible` keeps those that the token's user sees (v1)."""
        return crm.ids(self.lists.get(stream, stream), api=self.name, visible=visible)

    def edited(self, stream: str) -> str:
        """The name under which the emulator edits, creates and deletes the stream's records."""
        return self.rows.get(stream, stream)


V2 = Version(
    name="v2",
    root="/crm/v2",
    cursors={
        "campaigns": "",
        "contacts": "updated_at",
        "custom_fields": "",
        "deal_notes": "deal_updated_at",
        "deal_products": "deal_updated_at",
        "deals": "updated_at",
        "lost_reasons": "",
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
V1 = Version(
    name="v1",
    root="/api/v1",
    cursors={
        "activities": "",
        "campaigns": "",
        "companies": "updated_at",
        "contacts": "updated_at",
        "custom_fields": "",
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
        "deal_pipelines": "pipelines",
        "deal_sources": "sources",
        "deals_details": "deals",
        "reasons_for_loss": "lost_reasons",
    },
)
VERSIONS = (V2, V1)
for_each_version = pytest.mark.parametrize("api", VERSIONS, ids=str)
