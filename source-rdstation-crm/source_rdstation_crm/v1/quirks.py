"""What API v1 says in a roundabout way: empty birthdays, stages of the wrong pipeline, lists cut to what a user sees.

Facts: docs/api/crm-v1.md#contacts, #data-quirks, #stages and #basics.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from airbyte_rdstation.client.errors import NotFoundError
from airbyte_rdstation.client.responses import More, Page, Row

__all__ = ["StageFilter", "sees_only_own_deals", "without_empty_birthdays"]


def without_empty_birthdays(row: Row) -> Row:
    """Make a `birthday` without day, month and year null, its contacts' as well; return the same row."""
    contacts = row.get("contacts")
    for person in (row, *(contacts if isinstance(contacts, list) else ())):
        birthday = person.get("birthday") if isinstance(person, dict) else None
        if isinstance(birthday, dict) and all(birthday.get(part) is None for part in ("day", "month", "year")):
            person["birthday"] = None
    return row


_logger = logging.getLogger("airbyte.rdstation")


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
