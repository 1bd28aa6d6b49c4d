"""The CDK's `HttpStream` in an `AbstractSource`: how Airbyte's Python connectors were written for years."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

import requests
from airbyte_cdk.entrypoint import launch
from airbyte_cdk.models import ConnectorSpecification
from airbyte_cdk.sources import AbstractSource
from airbyte_cdk.sources.streams import Stream
from airbyte_cdk.sources.streams.http import HttpStream


class Contacts(HttpStream):
    """The contacts, page after page."""

    primary_key = "id"

    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base_url = base_url

    @property
    def url_base(self) -> str:
        """Where the API is."""
        return f"{self._base_url}/crm/v2/"

    def path(self, **_: Any) -> str:
        """The list."""
        return "contacts"

    def get_json_schema(self) -> Mapping[str, Any]:  # type: ignore[override] # the CDK's own has a cache around it
        """Any object."""
        return {"type": "object", "properties": {}}

    def request_params(
        self,
        stream_state: Mapping[str, Any] | None,
        stream_slice: Mapping[str, Any] | None = None,
        next_page_token: Mapping[str, Any] | None = None,
    ) -> MutableMapping[str, Any]:
        """Which page."""
        return {"page[number]": 1, "page[size]": 200, "sort[created_at]": "asc", **(next_page_token or {})}

    def next_page_token(self, response: requests.Response) -> Mapping[str, Any] | None:
        """The number after the one that was asked for, as long as there is a next page."""
        links = response.json()["links"]
        if "next" not in links:
            return None
        number = unquote(links["self"]).split("page[number]=")[1].split("&")[0]
        return {"page[number]": int(number) + 1}

    def parse_response(self, response: requests.Response, **_: Any) -> Iterable[Mapping[str, Any]]:
        """The rows."""
        yield from response.json()["data"]


class Source(AbstractSource):
    """A source of one stream."""

    def check_connection(self, logger: logging.Logger, config: Mapping[str, Any]) -> tuple[bool, Any]:
        """Nothing to check."""
        return True, None

    def streams(self, config: Mapping[str, Any]) -> list[Stream]:
        """The contacts."""
        return [Contacts(config["api_base_url"])]

    def spec(self, logger: logging.Logger) -> Any:
        """One address."""
        return ConnectorSpecification(connectionSpecification={"type": "object", "properties": {}})


if __name__ == "__main__":
    launch(Source(), sys.argv[1:])
