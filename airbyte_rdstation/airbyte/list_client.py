"""Asks for the lists of one API: a query becomes a request, and its answer a page."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

from airbyte_rdstation.airbyte.stream_spec import BaseStreamSpec
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.responses import Page
from airbyte_rdstation.pagination.listing import Fetch, Query

__all__ = ["ListClient", "ListOfStream"]

S = TypeVar("S", bound=BaseStreamSpec)


@dataclass(frozen=True)
class ListOfStream(Generic[S]):
    """A list as one stream reads it."""

    stream: str
    spec: S
    on_request: Callable[[], None]
    only: Mapping[str, str] = field(default_factory=dict)


class ListClient(ABC, Generic[S]):
    """The lists of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def fetch(
        self,
        stream: str,
        spec: S,
        only: Mapping[str, str] | None = None,
        *,
        on_request: Callable[[], None] = lambda: None,
    ) -> Fetch:
        """Return a function that answers queries for pages of the list; `only` are further parameters that filter it.

        `stream` names the reader in errors; `on_request` is called before each request.
        """
        return partial(self._page, ListOfStream(stream, spec, on_request, only or {}))

    @abstractmethod
    def _page(self, list_: ListOfStream[S], query: Query) -> Page:
        """Ask for one page."""
