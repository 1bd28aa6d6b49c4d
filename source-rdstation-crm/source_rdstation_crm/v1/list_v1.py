"""Asks for API v1's lists and reads its answers: page, limit, order and filters are parameters.

A `created_at` bound becomes a period of whole days, the one form of a date that was seen to work. It is a day wider on
both sides: the zone in which the API reads it is unknown, and so is whether the last day belongs to it. Answers are
`{"<rows key>": [{"_id": …}, …], "has_more": …, "total": …, "next_page": …}` or a bare list.
What it says in a roundabout way is here too: empty birthdays, stages of the wrong pipeline, lists cut to what a user
sees. Facts: docs/api/crm-v1.md#basics, #paging, #identity, #rate-limit-and-errors, #contacts, #data-quirks and #stages.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.airbyte.stream_factory import StreamList
from airbyte_rdstation.client.errors import STATUSES, NotFoundError, Statuses, final
from airbyte_rdstation.client.responses import BadAnswerError, More, Page, Row, identity, keys_of, parse_json, shape_of
from airbyte_rdstation.pagination.listing import Bound, Query
from source_rdstation_crm.v1.table_v1 import StreamSpec

__all__ = [
    "STATUSES_V1",
    "ListV1",
    "StageFilter",
    "read_account",
    "read_list",
    "read_record",
    "sees_only_own_deals",
    "without_empty_birthdays",
]

_logger = logging.getLogger("airbyte.rdstation")

STATUSES_V1: Final[Statuses] = {
    **STATUSES,
    401: final(
        FailureType.config_error,
        "RD Station does not accept the token (401): it is mistyped, or its user has been deactivated. Copy the token "
        "again from the profile of an active user in RD Station CRM.",
    ),
    403: final(
        FailureType.config_error,
        "RD Station denies access (403): the token's user lacks the permission, or the account's plan lacks the "
        "feature. Grant the permission in RD Station, or deselect the stream.",
    ),
    422: STATUSES[422]._replace(forbids_by=b'"ACCESS_DENIED"'),  # the plan lacks a feature [doc]
}


def read_list(content: bytes, *, rows_key: str, full_page: int | None) -> Page:
    """Read a page of a list: `{"contacts": [{"_id": "…", …}, …], "has_more": true, "total": 1234}`, or a bare list.

    Where the answer has no `has_more`, a page of fewer rows than `full_page` is the last one; with None the answer is
    the whole list. Raises BadAnswerError.

    Of `has_more` only `false` is believed: a list that ignores `page` may say true for ever.
    """
    body = parse_json(content)
    envelope: dict[str, Any] = body if isinstance(body, dict) else {}
    rows = envelope.get(rows_key) if isinstance(body, dict) else body
    if not isinstance(rows, list):
        raise BadAnswerError(f"there is no list `{rows_key}`, {shape_of(body)}")
    has_more = envelope.get("has_more")
    ends = full_page is None or has_more is False or (has_more is None and len(rows) < full_page)
    total, cursor = envelope.get("total"), envelope.get("next_page")
    return Page(
        rows=[_identified(row) for row in rows],
        has_next=More.NO if ends else More.UNKNOWN,
        total=total if isinstance(total, int) else None,
        cursor=cursor if isinstance(cursor, str) else None,
    )


def read_record(content: bytes) -> Row:
    """Read a single record. Raises BadAnswerError."""
    return _identified(parse_json(content))


def read_account(content: bytes) -> Row:
    """Read what /token/check tells of the token's user: `{"email": "…", "name": "…", "organization": …}`."""
    body = parse_json(content)
    if not isinstance(body, dict):
        raise BadAnswerError(f"the body is {shape_of(body)} where an object is expected")
    return body


def _identified(row: Any) -> Row:
    if not isinstance(row, dict):
        raise BadAnswerError(f"a record is {shape_of(row)} where an object is expected")
    found = row.get("_id") or row.get("id")
    if not found:
        raise BadAnswerError(f"a record has neither `_id` nor `id`, only {keys_of(row)}")
    row["_id"], row["id"] = identity(row.get("_id") or found, "_id", row), identity(row.get("id") or found, "id", row)
    return without_empty_birthdays(row)


_WIDER: Final = timedelta(days=1)
# A period needs both ends. Open ones are fixed: a next page must be asked for with unchanged parameters [seen].
_EVER: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NEVER: Final = datetime(2100, 1, 1, tzinfo=timezone.utc)


class ListV1(StreamList[StreamSpec]):
    """Reads the pages of one list of API v1."""

    def page(self, query: Query) -> Page:
        """Ask for one page. Raises what `Api.get` does."""
        spec = self.spec
        params = dict(self.only)
        for bound in query.bounds:
            params |= _period(bound)
        if query.sort:
            params["order"] = query.sort
            if not spec.sort:  # the one order that a small list has goes without a direction [doc]
                params["direction"] = "desc" if query.descending else "asc"
        if spec.paging == "limit":
            params |= {"page": str(query.page), "limit": str(spec.limit)}
        elif spec.paging == "page" and query.page > 1:
            params["page"] = str(query.page)
        if query.cursor:
            params["next_page"] = query.cursor
        # The size of the API's own pages is unknown: only an empty one is the last.
        full_page = {"limit": spec.limit, "page": 1, "none": None}[spec.paging]
        parse = partial(read_list, rows_key=spec.rows_key, full_page=full_page)
        hint = f" The parameters were {', '.join(sorted(params))}." if params else ""
        return self.api.get(spec.path, params, parse, stream=self.stream, hint=hint, on_request=self.on_request)


def _period(bound: Bound) -> dict[str, str]:
    return {
        f"{bound.field}_period": "true",
        "start_date": f"{bound.at_least - _WIDER if bound.at_least else _EVER:%Y-%m-%d}",
        "end_date": f"{bound.before + 2 * _WIDER if bound.before else _NEVER:%Y-%m-%d}",  # 2: its midnight, at least
    }


def without_empty_birthdays(row: Row) -> Row:
    """Make a `birthday` without day, month and year null, its contacts' as well; return the same row."""
    contacts = row.get("contacts")
    for person in (row, *(contacts if isinstance(contacts, list) else ())):
        birthday = person.get("birthday") if isinstance(person, dict) else None
        if isinstance(birthday, dict) and all(birthday.get(part) is None for part in ("day", "month", "year")):
            person["birthday"] = None
    return row


class StageFilter:
    """Takes the rows of /deal_stages for the pipeline that was asked for."""

    def __init__(self, stream: str, fetch_stage: Callable[[str], Row]) -> None:
        self._stream = stream
        self._fetch_stage = fetch_stage
        self._warned = False

    def adopt(self, row: Row, pipeline_id: str) -> Row | None:
        """Return the stage in full detail; None if it belongs to another pipeline or is gone.

        For a pipeline that it does not know, RD Station answers with the stages of the default one [doc].
        """
        if not row.get("created_at") or not _pipeline_of(row):
            # A bare item: in the published sample the list has all the detail [doc].
            try:
                row = {**row, **self._fetch_stage(row["id"])}
            except NotFoundError:
                return None
        if _pipeline_of(row) in (None, pipeline_id):
            return row
        if not self._warned:
            self._warned = True
            _logger.warning("%s: RD Station answers with stages of another pipeline; they are dropped.", self._stream)
        return None


def _pipeline_of(row: Row) -> str | None:
    pipeline = row.get("deal_pipeline")
    return (pipeline.get("id") or pipeline.get("_id")) if isinstance(pipeline, dict) else None


def sees_only_own_deals(user: Row, deals: Page, users: Page) -> bool:
    """Tell whether a user seems to see only own deals, by /token/check and a page of each list."""
    if deals.has_next is More.NO and (deals.total or 0) > len(deals.rows):
        return True  # RD Station counts deals that it does not show
    email = user.get("email")
    owners = {owner.get("email") for row in deals.rows if isinstance(owner := row.get("user"), dict)}
    others = [row for row in users.rows if row.get("email") != email and row.get("active") is not False]
    return bool(email and others) and owners == {email}
