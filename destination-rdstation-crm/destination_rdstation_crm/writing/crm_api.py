"""The calls that a write needs, and the threads that make them.

Facts: docs/api/crm-v2.md#listing, #rdql and #writes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.process import Stop
from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import (
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    ServerFailedError,
    UnreadableAnswerError,
    config_error,
    system_error,
)
from airbyte_rdstation.client.rdql import all_of
from airbyte_rdstation.client.responses import BadAnswerError, Page, keys_of, kind_of, parse_json, read_page
from airbyte_rdstation.pagination.keyset import read_keyset, read_keyset_whole
from airbyte_rdstation.pagination.listing import PaginationError, Query
from airbyte_rdstation.pagination.page_numbers import numbered, single_pass
from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.objects.key_forms import KeyForm
from destination_rdstation_crm.writing.filters import KnownFilters

__all__ = ["SERVER_TIME_MARGIN", "Crm", "Existing", "FilterFailedError", "WorkerPool"]

Existing: TypeAlias = dict[str, Any]
"""A record of the CRM: `{"id": "66f1…", "name": "Ana", "emails": [{"email": "ana@x.test"}], …}`."""

SERVER_TIME_MARGIN: Final = timedelta(seconds=5)  # the server's clock is known by whole seconds, from one answer
_PAGE_SIZE: Final = "200"  # the most [seen]; an answer may have fewer rows all the same
_NOBODY: Final = "0" * 24  # an id that no record has
_STABLE_SORT: Final = "created_at"  # it never changes; without a sort, two pages of one list overlap [seen]


_logger = logging.getLogger("airbyte.rdstation")


class FilterFailedError(Exception):
    """RD Station refuses or ignores a filter; the text says which, as the end of "RD Station …"."""

    def __init__(self, text: str, *, ignored: bool = False) -> None:
        super().__init__(text)
        self.ignored = ignored


class Crm:
    """Reads and writes records of one account."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known: dict[tuple[str, str | None, KeyForm], KnownFilters] = {}
        self._updated: set[str] = set()
        self._has_created = False

    def known_filters(self, crm_object: CrmObject, key_field: str | None, form: KeyForm) -> KnownFilters:
        """Give what this sync has learnt of look-ups in the object by the key, compared in that form."""
        return self._known.setdefault((crm_object.name, key_field, form), KnownFilters(crm_object.mode, key_field))

    def custom_fields(self) -> list[Existing]:
        """Read every custom field of the account; UnreadableAnswerError where the list has no end."""
        # The published samples give one object in the place of the list [doc].
        parse = partial(read_page, single=True)

        def fetch(query: Query) -> Page:
            return self._api.get("/custom_fields", _params(query), parse, stream="custom_fields")

        try:
            return [row for batch in single_pass(fetch, Query("order")) for row in batch.rows]
        except PaginationError as error:
            message = f"custom_fields: {error}"
            raise UnreadableAnswerError(message, message, FailureType.system_error) from None

    def create(self, crm_object: CrmObject, body: Mapping[str, Any]) -> Existing:
        """Create a record and give it back. Raises AnswerLostError where it may or may not exist now."""
        self._has_created = True
        return self._api.post(crm_object.path, {"data": dict(body)}, _record, stream=crm_object.mode)

    def update(self, crm_object: CrmObject, id_: str, body: Mapping[str, Any]) -> Existing | None:
        """Update a record and give it back; None where the answer has no body, which is a success too [used]."""
        self._updated.add(id_)
        return self._api.put(
            f"{crm_object.path}/{id_}",
            {"data": dict(body)},
            lambda content: _record(content) if content.strip() else None,
            stream=crm_object.mode,
        )

    def read(self, crm_object: CrmObject, id_: str) -> Existing:
        """Read a record; raises NotFoundError where there is none."""
        return self._api.get(f"{crm_object.path}/{id_}", {}, _record, stream=crm_object.mode)

    def current(self, crm_object: CrmObject, read_earlier: Existing) -> Iterator[Existing]:
        """Give a record that was read earlier in this sync; anew where the sync has updated it, unless it is gone."""
        try:
            id_ = read_earlier["id"]
            yield self.read(crm_object, id_) if id_ in self._updated else read_earlier
        except NotFoundError:
            return

    def find(self, crm_object: CrmObject, filter_: str, obeys: Callable[[Existing], bool]) -> Iterator[Page]:
        """Read the records that a filter finds, page by page; PaginationError where page numbers do not reach them all.

        `obeys` says whether a record may be an answer. FilterFailedError where most of a page may not, or where RD
        Station refuses the filter: by 400 or 422, or by a 500 each time while it answers the list without the filter.
        """
        fetch = partial(self._filtered, crm_object, filter_)
        try:
            for page in numbered(fetch, Query(_STABLE_SORT), walled=True):
                if sum(map(obeys, page.rows)) * 2 < len(page.rows):
                    raise FilterFailedError("ignores look-ups by", ignored=True)
                yield page
        except RequestRefusedError as error:
            raise FilterFailedError(f"refuses ({error.status}) look-ups by") from None

    def all(self, crm_object: CrmObject, created_since: datetime | None) -> Iterator[Existing]:
        """Read every record, or those created since, however many there are."""

        def fetch(query: Query) -> Page:
            condition = all_of(*(bound.rdql() for bound in query.bounds))
            params = _params(query) | ({"filter": condition} if condition else {})
            return self._api.get(crm_object.path, params, read_page, stream=crm_object.mode)

        key, began = _STABLE_SORT, datetime.now(timezone.utc)
        if created_since:
            batches = read_keyset(fetch, (key,), created_since, began=began)
        else:
            batches = read_keyset_whole(fetch, key, began=began, report=partial(_warn_of_hidden, crm_object.mode))
        try:
            for batch in batches:
                yield from batch.rows
        except PaginationError as error:
            raise system_error(
                f"{crm_object.mode}: the records cannot be read whole to look rows up. {error}"
            ) from None

    def recent(self, crm_object: CrmObject, moment: datetime) -> Iterator[Existing]:
        """Read what was created since a moment of this sync: the newest page, or all once this sync itself creates.

        The answer to one of its creations may have been lost: that record must not be missed.
        """
        if self._has_created:
            yield from self.all(crm_object, moment)
            return
        newest = _params(Query(_STABLE_SORT, descending=True))
        yield from self._api.get(crm_object.path, newest, read_page, stream=crm_object.mode).rows

    def may_hold(self, crm_object: CrmObject, most: int) -> bool:
        """Whether the object has so many records at the most, as far as its first page tells."""
        page = self._api.get(crm_object.path, _params(Query(None)), read_page, stream=crm_object.mode)
        return page.last is None or (page.last - 1) * len(page.rows) < most

    def server_time(self, local: datetime) -> datetime:
        """Tell RD Station's time at a local moment, or a little earlier."""
        return self._api.server_time(local)

    def probe_reading(self, crm_object: CrmObject) -> None:
        """Raise what a look-up would raise."""
        one = {"page[number]": "1", "page[size]": "1"}
        self._api.get(crm_object.path, one, read_page, stream=crm_object.mode)

    def probe_writing(self, crm_object: CrmObject) -> None:
        """Raise a config error where the user may not write; updates a record that does not exist."""
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

    def _filtered(self, crm_object: CrmObject, filter_: str, query: Query) -> Page:
        """A page of a filtered list. A 500 may be the filter's fault: it is tried again once, not for minutes."""
        params = {"filter": filter_, **_params(query)}
        ask = partial(self._api.get, crm_object.path, params, read_page, stream=crm_object.mode, tries_on_500=1)
        try:
            return ask()
        except ServerFailedError:
            self.probe_reading(crm_object)  # an outage is waited for here, without the filter
        try:
            return ask()
        except ServerFailedError:
            raise FilterFailedError("refuses (500) look-ups by") from None


def _warn_of_hidden(mode: str, _: str) -> None:
    """Say what it means here that a list has records which it does not show."""
    _logger.warning(
        "%s: RD Station lists more records than it shows where all are read to look rows up: some were deleted "
        "meanwhile, or have no `created_at`. A row that is about one of those finds no record.",
        mode,
    )


def _params(query: Query) -> dict[str, str]:
    """Say which page of a list is wanted, in which order: `{"sort[name]": "asc", "page[number]": "1", …}`."""
    sort = {f"sort[{query.sort}]": "desc" if query.descending else "asc"} if query.sort else {}
    return {**sort, "page[number]": str(query.page), "page[size]": _PAGE_SIZE}


def _record(content: bytes) -> Existing:
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


_POLL_SECONDS: Final = 1.0  # between two looks at the deadline of a stop

T = TypeVar("T")
R = TypeVar("R")


class WorkerPool:
    """The writing threads of a process."""

    def __init__(self, workers: int, stop: Stop) -> None:
        """Once `stop` is requested no job begins."""
        self._stop = stop
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="writer")

    def map(self, job: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Do `job` with each item, several at once; gives the results in order.

        After one raised, no other begins; once those under way have ended, the first error is raised. After a stop
        they are not waited for long.
        """
        failed: list[BaseException] = []

        def guarded(item: T) -> R | None:
            if failed:
                return None
            try:
                self._stop.check()
                return job(item)
            except BaseException as error:
                failed.append(error)
                raise

        futures = [self._pool.submit(guarded, item) for item in items]
        while wait(futures, timeout=_POLL_SECONDS).not_done:
            self._stop.check_deadline()
        if failed:
            raise failed[0]
        return [future.result() for future in futures]  # type: ignore[misc] # None only after a failure

    def close(self) -> None:
        """Let no more jobs begin."""
        self._pool.shutdown(wait=False, cancel_futures=True)
