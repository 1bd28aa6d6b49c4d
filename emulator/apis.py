"""Which API a call is for: the longest of the given path beginnings decides. A further API is one more entry."""

from __future__ import annotations

from collections.abc import Mapping

from .exchange import Api, Call

__all__ = ["Apis"]


class Apis:
    """The APIs by the beginning of their paths; the one under "" gets all other calls."""

    def __init__(self, by_path: Mapping[str, Api]) -> None:
        self._by_path = sorted(by_path.items(), key=lambda entry: -len(entry[0]))

    def of(self, call: Call) -> Api:
        """The API that answers this call."""
        return next(api for beginning, api in self._by_path if call.path.startswith(beginning))
