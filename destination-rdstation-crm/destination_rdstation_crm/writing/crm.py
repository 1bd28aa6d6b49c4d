"""The calls that a write needs. Facts: api/crm-v2.md, sections 4, 5 and 8."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final, TypeAlias

from destination_rdstation_crm.objects.crm_object import CrmObject
from rdstation.envelope import BadAnswerError, Page, keys_of, kind_of, parse_json, read_page
from rdstation.errors import ForbiddenError, NotFoundError, RequestRefusedError, config_error
from rdstation.http import Api

__all__ = ["BeyondReachError", "Crm", "Held"]

Held: TypeAlias = dict[str, Any]
"""A record as the CRM holds it."""

_PAGE_SIZE: Final = 200  # the most [seen]
_LAST_PAGE: Final = 50  # nothing lies beyond 10,000 rows [doc]
_NOBODY: Final = "0" * 24  # an id that no record has
_UNSORTED_PAGES_DIFFER: Final = "created_at"  # without a sort, two pages of one list overlap [seen]; this never changes
_FILTER_HINT: Final = " Perhaps it does not know the filter of the look-up by matching key."


class BeyondReachError(Exception):
    """More records fit the filter than page numbers reach."""


class Crm:
    """Reads and writes records of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def custom_fields(self) -> list[Held]:
        """Every custom field of the account."""
        params = {"sort[order]": "asc"}
        # The published samples give one object in the place of the list [doc].
        pages = self._pages("custom_fields", "/custom_fields", params, parse=partial(read_page, single=True))
        return [row for page in pages for row in page.rows]

    def create(self, crm_object: CrmObject, body: Mapping[str, Any]) -> Held:
        """The new record. Raises AnswerLostError where it may or may not exist now."""
        return self._api.post(crm_object.path, {"data": dict(body)}, _record, stream=crm_object.mode)

    def update(self, crm_object: CrmObject, id_: str, body: Mapping[str, Any]) -> Held:
        """The record after it."""
        return self._api.put(f"{crm_object.path}/{id_}", {"data": dict(body)}, _record, stream=crm_object.mode)

    def read(self, crm_object: CrmObject, id_: str) -> Held:
        """The record; NotFoundError where there is none."""
        return self._api.get(f"{crm_object.path}/{id_}", {}, _record, stream=crm_object.mode)

    def find(self, crm_object: CrmObject, filter_: str) -> Iterator[Page]:
        """The records that a filter finds, page by page; BeyondReachError behind the last page of too many."""
        params = {"filter": filter_, f"sort[{_UNSORTED_PAGES_DIFFER}]": "asc"}
        return self._pages(crm_object.mode, crm_object.path, params, hint=_FILTER_HINT)

    def server_time(self, local: datetime) -> datetime:
        """RD Station's time at a local moment, or a little earlier."""
        return self._api.server_time(local)

    def probe_reading(self, crm_object: CrmObject) -> None:
        """Raises what a look-up would raise."""
        self._api.get(crm_object.path, _page_parameters(1) | {"page[size]": "1"}, read_page, stream=crm_object.mode)

    def probe_writing(self, crm_object: CrmObject) -> None:
        """Raises ForbiddenError where a write would; it updates a record that does not exist."""
        try:
            self.update(crm_object, _NOBODY, {})
        except (NotFoundError, RequestRefusedError):
            return  # permission is asked before anything else
        except ForbiddenError as error:
            raise config_error(
                f"The user who authorized the connection may not write {crm_object.mode} (403). Grant the permission "
                "in RD Station, or connect with a user who has it.",
                error.internal_message,
            ) from None

    def _pages(
        self,
        stream: str,
        path: str,
        params: Mapping[str, str],
        *,
        parse: Callable[[bytes], Page] = read_page,
        hint: str = "",
    ) -> Iterator[Page]:
        for number in range(1, _LAST_PAGE + 1):
            page = self._api.get(path, {**params, **_page_parameters(number)}, parse, stream=stream, hint=hint)
            yield page
            if page.has_next is False or not page.rows or (page.has_next is None and len(page.rows) < _PAGE_SIZE):
                return
        raise BeyondReachError


def _page_parameters(number: int) -> dict[str, str]:
    return {"page[number]": str(number), "page[size]": str(_PAGE_SIZE)}


def _record(content: bytes) -> Held:
    body = parse_json(content)
    if not isinstance(body, dict):
        raise BadAnswerError(f"the body is a JSON {kind_of(body)} where an object is expected")
    record = body.get("data")
    if isinstance(record, list) and len(record) == 1:
        record = record[0]
    if not isinstance(record, dict):
        raise BadAnswerError(f"`data` is no object; there are {keys_of(body)}")
    if not isinstance(record.get("id"), str) or not record["id"]:
        raise BadAnswerError(f"the record has no `id`, only {keys_of(record)}")
    return record
