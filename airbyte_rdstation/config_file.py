"""JSON files of a user: a configuration, a catalog, a state; and a configuration whose newest tokens must survive."""

from __future__ import annotations

import codecs
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["load", "read_json", "save", "sync_folder"]

_OTHER_ENCODINGS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def read_json(path: Path) -> Any:
    """Read a UTF-8 file, with or without a byte order mark; ValueError, which quotes no value, says what is wrong.

    The text begins with the file's place: `/secrets/config.json is no JSON file (line 3, character 7).`
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist.") from None
    except OSError as error:
        raise ValueError(f"{path} cannot be opened ({type(error).__name__}).") from None
    if raw.startswith(_OTHER_ENCODINGS) or b"\0" in raw[:4]:
        raise ValueError(f"{path} is saved as UTF-16 (or UTF-32). Save it as UTF-8.")
    try:
        return json.loads(raw.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not saved as UTF-8. Save it as UTF-8.") from None
    except json.JSONDecodeError as error:  # its own text quotes what it read
        raise ValueError(f"{path} is no JSON file (line {error.lineno}, character {error.colno}).") from None
    except (RecursionError, ValueError):
        raise ValueError(f"{path} is no JSON file.") from None


def load(path: Path) -> dict[str, Any]:
    """Read a configuration; ValueError, as `read_json` says, also where the file holds no JSON object."""
    config = read_json(path)
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
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have a new name in the folder reach the disk, too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
