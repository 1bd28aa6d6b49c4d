"""One account: the connection, its custom fields, and whether the token's user may write."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping, Sequence
from functools import cached_property
from typing import Any, Final

from airbyte_cdk.models import FailureType

from airbyte_rdstation.client.client import Api
from airbyte_rdstation.client.errors import (
    STATUSES,
    ConnectorError,
    ForbiddenError,
    NotFoundError,
    RequestRefusedError,
    ServerFailedError,
    Statuses,
    UnreadableAnswerError,
    final,
)
from airbyte_rdstation.client.oauth import authorized_session
from airbyte_rdstation.client.retry import SYNC_POLICY, RetryPolicy
from destination_rdstation_crm.config import Settings
from destination_rdstation_crm.mapping.custom_fields import CustomFields
from destination_rdstation_crm.mapping.plan import Entry, columns_of, matches_of, missing_fields
from destination_rdstation_crm.mapping.record_type import RecordType
from destination_rdstation_crm.objects.crm_object import CrmObject
from destination_rdstation_crm.writing.crm_api import Crm, Existing

__all__ = ["Connection"]

_PERMISSION: Final = "Grant the permission in RD Station, or connect with a user who has it."
_STATUSES: Final[Statuses] = {
    **STATUSES,
    402: final(
        FailureType.config_error,
        "The account's RD Station plan does not include this (402). Upgrade the plan.",
    ),
    403: final(
        FailureType.config_error,
        "RD Station denies access (403): the user who authorized the connection lacks the permission, or the account's "
        f"plan lacks the feature. {_PERMISSION}",
    ),
    404: final(
        FailureType.config_error,
        "RD Station knows no such address (404): the account lacks the feature, or the API base URL is wrong; leave "
        "that empty for RD Station itself.",
    ),
    409: final(FailureType.system_error, "RD Station says that the record is in conflict with another (409)."),
}


class Connection:
    """Reads and writes one account, and knows its custom fields."""

    def __init__(
        self,
        config: MutableMapping[str, Any],
        settings: Settings,
        retry_policy: RetryPolicy = SYNC_POLICY,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`config` is the user's own: the newest tokens are written into it, and sent to the platform with it."""
        session = authorized_session(config, settings, retry_policy, sleep=sleep)
        api = Api(f"{settings.api_base_url}/crm/v2", session, retry_policy, _STATUSES)
        self.crm = Crm(api)
        self.rate_limit = session.rate_limit

    def check(self, crm_object: CrmObject, column_mapping: Sequence[Entry]) -> str:
        """Raise the error that says what is wrong; leaves nothing behind in the account.

        Gives a remark on rows that the account would not take as new records, or an empty text.
        """
        custom_fields = self.custom_fields_of(crm_object.entity).matched(matches_of(column_mapping))
        record_type = RecordType(crm_object, custom_fields)
        columns_of(column_mapping, record_type)
        self.crm.probe_reading(crm_object)
        self.crm.probe_writing(crm_object)
        missing = missing_fields(column_mapping, record_type) if column_mapping or custom_fields.unread else ""
        return f"{missing[:1].upper()}{missing[1:]}"

    @cached_property
    def _custom_fields(self) -> list[Existing] | ConnectorError:
        """All of the account; or why RD Station does not give the list, though it may take what is written."""
        try:
            return self.crm.custom_fields()
        except (ForbiddenError, NotFoundError, RequestRefusedError, ServerFailedError, UnreadableAnswerError) as error:
            return error

    def custom_fields_of(self, entity: str) -> CustomFields:
        """Give the custom fields that the account defines for contacts, deals or organizations; asks for them once.

        They may be `unread`. Raises a ConnectorError where the token does not serve, or RD Station cannot be reached.
        """
        if isinstance(self._custom_fields, ConnectorError):
            return CustomFields(entity, unread=self._custom_fields)
        return CustomFields.of(self._custom_fields, entity)
