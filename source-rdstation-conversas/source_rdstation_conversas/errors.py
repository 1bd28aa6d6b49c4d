"""What this API's statuses mean to its users. Facts: docs/api/conversas.md#basics."""

from __future__ import annotations

from typing import Final

from airbyte_cdk.models import FailureType

from rdstation.errors import STATUSES, Statuses, final

__all__ = ["STATUSES_CONVERSAS"]

_PLAN: Final = (
    "The account's RD Station Conversas plan does not include this data, or the token's user may not see it ({status})."
    " Upgrade the plan, grant the permission, or deselect the stream."
)

STATUSES_CONVERSAS: Final[Statuses] = {
    **STATUSES,
    401: final(
        FailureType.config_error,
        "RD Station Conversas does not accept the token (401): it is mistyped, cut off or was replaced. Copy it again, "
        "whole, in RD Station Conversas under Apps e Integrações > API.",
    ),
    402: final(FailureType.config_error, _PLAN.format(status=402)),
    403: final(FailureType.config_error, _PLAN.format(status=403)),
    404: final(  # plain text `Not Found`: no such route [seen]
        FailureType.config_error,
        "RD Station Conversas knows no such address (404). Check the API base URL; leave it empty for RD Station "
        "itself.",
    ),
}
