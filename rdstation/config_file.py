"""A connector's configuration on disk, whose newest tokens must survive whatever happens next."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["load", "save"]


def load(path: Path) -> dict[str, Any]:
    """The configuration; ValueError, without a value in its text, when the file holds no JSON object."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"{path} is no JSON file.") from None  # the original error quotes what it read
    if not isinstance(config, dict):
        raise ValueError(f"{path} holds no JSON object.")
    return config


def save(path: Path, config: Mapping[str, Any], *, replace: bool = True) -> None:
    """Replace the file in one step, readable by its owner alone: after a crash it is the old one or the new one.

    Without `replace`, FileExistsError where there is a file.
    """
    target = path.resolve()  # a link stays a link
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # created with mode 600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(config, file, ensure_ascii=False, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(target)
        else:
            target.hardlink_to(temporary)
    finally:
        Path(temporary).unlink(missing_ok=True)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the new name, too, has to reach the disk
    finally:
        os.close(directory)
