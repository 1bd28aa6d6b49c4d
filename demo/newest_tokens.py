"""A configuration file whose refresh token is used once: it always holds the newest, or the user hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airbyte_rdstation import config_file

__all__ = ["NewestTokens"]


class NewestTokens:
    """Keeps the configurations that a connector publishes. Nothing here raises while the connector is at work."""

    def __init__(self, path: Path) -> None:
        """Read the file, and write it: a folder that cannot be written is found before a token is spent.

        Raises ValueError where it holds no configuration, and OSError where it cannot be written.
        """
        self.path = path
        self.config = config_file.load(path)
        self.loss = ""
        """What the user has to do where the newest tokens are not in the file; else empty."""
        config_file.save(path, self.config)

    def keep(self, published: Mapping[str, Any]) -> None:
        """Take a CONTROL message's configuration: its credentials go to the disk, everything else there stays."""
        self.config = {**self.config, "credentials": published["credentials"]}
        try:
            config_file.save(self.path, self.config)
            self.loss = ""
        except OSError as error:
            self.loss = (
                f"The new tokens could not be written to {self.path} ({error.strerror}). "
                "The ones in it no longer work: authorize the connection again."
            )
