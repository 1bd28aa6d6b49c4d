"""What the accounts of both versions of the CRM's API share: `check`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from airbyte_rdstation.airbyte import BaseStreamSpec
from airbyte_rdstation.airbyte.stream_factory import StreamFactory
from airbyte_rdstation.client.errors import ForbiddenError, config_error
from source_rdstation_crm.config import Settings

__all__ = ["StreamFactoryCrm"]

SpecT = TypeVar("SpecT", bound=BaseStreamSpec)


class StreamFactoryCrm(StreamFactory[SpecT, Settings]):
    """One account of RD Station CRM."""

    probed: ClassVar[Sequence[str]]
    """Streams without which a connection is of no use."""
    user: ClassVar[str]
    """Whose permissions count, as the beginning of a sentence."""

    def check(self) -> str | None:
        """Prove that the token's user may read what a connection is for. Raises a config error where not."""
        refused: list[str] = []
        for spec in self.table:
            if spec.name in self.probed:
                try:
                    self._probe(spec)
                except ForbiddenError:
                    refused.append(spec.name)
        if len(refused) == len(self.probed):
            raise config_error(
                "RD Station refuses every list (403): the account's plan does not include the API (Basic, Pro and "
                f"Advanced do), or {self.user[0].lower()}{self.user[1:]} may see nothing. Ask the account's "
                "administrator."
            )
        if refused:
            raise config_error(
                f"{self.user} may not read {', '.join(refused)} (403). Grant the permission in RD Station, or connect "
                "with a user who has it."
            )
        return None

    @abstractmethod
    def _probe(self, spec: SpecT) -> None:
        """The cheapest request that shows whether the list may be read."""
