"""An account over API v1, as questions see it: answers as they come, and first pages that several look at."""

from __future__ import annotations

from typing import Any, Final

from airbyte_rdstation.probe.caller import Answer, Caller, CannotTellError, Params

__all__ = ["AccountV1", "Row"]

Row = dict[str, Any]

_PAGE: Final = 200


class AccountV1:
    """Reads one account."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self._samples: dict[str, list[Row]] = {}

    def get(self, path: str, **params: str) -> Answer:
        """The answer, as it comes."""
        return self.caller.get(f"/api/v1/{path}", params)

    def page(self, path: str, params: Params | None = None, *, number: int = 1) -> Answer:
        """One page of 200."""
        return self.caller.get(f"/api/v1/{path}", {"page": str(number), "limit": str(_PAGE), **(params or {})})

    def rows(self, path: str, answer: Answer | None = None) -> list[Row]:
        """The records of a page; the first one's are kept."""
        if answer is not None:
            return answer.rows(path)
        if path not in self._samples:
            self._samples[path] = self.page(path).rows(path)
        return self._samples[path]

    def some(self, path: str) -> list[Row]:
        """The first page; CannotTellError where it is empty."""
        if not self.rows(path):
            raise CannotTellError(f"the account has no {path.replace('_', ' ')}")
        return self.rows(path)

    def total(self, path: str) -> int:
        """How many there are, as the list says."""
        answer = self.page(path)
        if not answer.ok:
            raise CannotTellError(f"{path} answers {answer.status}")
        return int(answer.body["total"])
