"""A tap of the Singer SDK (Meltano): one REST stream by page number."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import requests
from singer_sdk import Tap
from singer_sdk.pagination import BasePageNumberPaginator
from singer_sdk.streams import RESTStream

TEXTS = ("id", "created_at", "updated_at", "name", "job_title", "birthday", "organization_id")
LISTS = ("emails", "phones", "social_profiles", "legal_bases")
ANY_OBJECT = {"type": ["object", "null"], "properties": {}, "additionalProperties": True}


class Pages(BasePageNumberPaginator):
    """Page numbers, as long as an answer names a next page."""

    def has_more(self, response: requests.Response) -> bool:
        """Whether one follows."""
        return "next" in response.json()["links"]


class Contacts(RESTStream[int]):
    """The contacts."""

    name = "contacts"
    path = "/crm/v2/contacts"
    records_jsonpath = "$.data[*]"
    primary_keys = ("id",)
    schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "properties": {
            **{name: {"type": ["string", "null"]} for name in TEXTS},
            **{name: {"type": ["array", "null"], "items": ANY_OBJECT} for name in LISTS},
            "custom_fields": ANY_OBJECT,
        },
    }

    @property
    def url_base(self) -> str:
        """Where the API is."""
        return str(self.config["api_base_url"])

    def get_new_paginator(self) -> Pages:
        """From the first page on."""
        return Pages(start_value=1)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """Which page."""
        return {"page[number]": next_page_token, "page[size]": 200, "sort[created_at]": "asc"}


class TapContacts(Tap):
    """A tap of one stream."""

    name = "tap-contacts"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {"api_base_url": {"type": "string"}}}

    def discover_streams(self) -> list[RESTStream[int]]:
        """The contacts."""
        return [Contacts(tap=self)]


if __name__ == "__main__":
    TapContacts(config={"api_base_url": sys.argv[1]}).sync_all()
