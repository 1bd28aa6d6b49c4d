"""What API v1's statuses mean where they mean something else than in v2.

Facts: docs/api/crm-v1.md#rate-limit-and-errors.
"""

from __future__ import annotations

from typing import Final

from airbyte_cdk.models import FailureType

from rdstation.errors import STATUSES, Statuses, final

__all__ = ["STATUSES_V1"]

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
}
