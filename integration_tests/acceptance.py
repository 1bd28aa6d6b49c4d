"""The configurations that acceptance-test-config.yml names, for an emulated account that lives as long as they do."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from airbyte_rdstation import config_file
from connectors import Connector
from harness import FASTER_THAN_ANY_TEST, AccountSize, ConversasSize, account

__all__ = ["emulated_account", "scenario_folder"]

SIZE: Final = AccountSize(contacts=30, deals=30, organizations=10, tasks=10)
CONVERSAS_ACCOUNT: Final = ConversasSize(contacts=8, messages_per_contact=12, reports=20)


def scenario_folder(connector: Connector) -> Path:
    """Where its configurations are; the workers of pytest-xdist have one each, because their accounts differ."""
    return connector.folder / "secrets" / f"emulator{os.environ.get('PYTEST_XDIST_WORKER', '')}"


@contextlib.contextmanager
def emulated_account(connector: Connector) -> Iterator[None]:
    """An account without a rate limit, and the connector's configurations for it on disk."""
    folder = scenario_folder(connector)
    (folder / "spec").mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with account(SIZE, conversas=CONVERSAS_ACCOUNT, conversas_bucket_burst=0, conversas_bucket_per_minute=0) as crm:
            first, other = connector.setups.values()
            for path, configure in {
                "config": first,
                "config_other": other,
                "config_refused": connector.refused,
                "spec/config": first,
                "spec/config_other": other,
            }.items():
                config = {**configure(crm), "requests_per_minute": FASTER_THAN_ANY_TEST}
                config_file.save(folder / f"{path}.json", config)
            yield
    finally:
        shutil.rmtree(folder)
