"""JSON files of a user, and the settings that a configuration becomes; each mistake in either is a sentence.

A configuration is also written: its newest tokens must survive a crash.
"""

from __future__ import annotations

import codecs
import json
import logging
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from airbyte_rdstation.client.errors import ConnectorError, config_error
from airbyte_rdstation.config import CommonSettings, SettingsModel

__all__ = [
    "explain",
    "filled",
    "load",
    "nearest",
    "read_as",
    "read_json",
    "save",
    "sync_folder",
]

_logger = logging.getLogger("airbyte.rdstation")

SettingsT = TypeVar("SettingsT", bound=CommonSettings)

_CLOSE: Final = 0.7  # below it, difflib likens names that share little more than their length
_NAME: Final = re.compile(r"(?!(\D*\d){3})[A-Za-z_][A-Za-z0-9_]{0,39}")  # others may be a secret in the wrong place
_NAMES_SHOWN: Final = 10
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


def filled(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what is null or empty, and nulls in objects: the platform's forms send them for what is absent."""
    return {
        name: {inner: each for inner, each in value.items() if each is not None} if isinstance(value, dict) else value
        for name, value in raw.items()
        if value is not None and value != ""
    }


def read_as(model: type[SettingsT], raw: Mapping[str, Any], variants: Collection[str] = ()) -> SettingsT:
    """Make settings of a configuration; a warning, and their `remarks`, say what in it is odd or has no effect.

    Raises a config error that names each property that is wrong, and quotes no value. `variants` are the constants that
    choose between forms of an object: pydantic names them in the way to a property.
    """
    if "credentials" in model.model_fields and not isinstance(raw.get("credentials"), Mapping):
        raise _no_credentials(raw)
    remarks: list[str] = []
    unknown = ""
    try:
        settings = model.model_validate(raw, extra="forbid", context=remarks)
    except ValidationError as error:
        unknown = _unknown_options(error, model, variants)
        if any(problem["type"] != _UNKNOWN for problem in error.errors()):
            raise explain(error, variants, unknown) from None
        remarks.clear()  # of the names' values, too
        settings = model.model_validate(raw, context=remarks)
    settings._remarks = tuple(filter(None, (*remarks, unknown)))
    for remark in settings._remarks:
        _logger.warning(remark)
    return settings


def explain(error: ValidationError, variants: Collection[str] = (), remark: str = "") -> ConnectorError:
    """Make a config error that names each property that is wrong, and ends with the remark; see `read_as`."""
    problems: dict[str, str] = {}
    for problem in error.errors(include_input=False, include_url=False):
        if problem["type"] != _UNKNOWN:
            problems.setdefault(_path(problem["loc"], variants), _sentence(problem))
    told = "; ".join(f"`{name}` {sentence}" for name, sentence in problems.items())
    return config_error(" ".join(filter(None, (f"The configuration is not valid: {told}.", remark))))


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return which of some names in lower case was probably meant; None where none is near."""
    return next(iter(get_close_matches(name.casefold(), known, n=1, cutoff=_CLOSE)), None)


def _no_credentials(raw: Mapping[str, Any]) -> ConnectorError:
    sentence = "The configuration has no `credentials` object. Client ID, client secret and tokens belong into one."
    if "access_token" in raw and "client_id" not in raw:
        sentence += " This one looks like one of RD Station Conversas, which has its `access_token` at the top."
    return config_error(sentence)


def _path(place: tuple[int | str, ...], variants: Collection[str]) -> str:
    # A part with a bracket names a form that was tried (`literal['']`), not a property.
    return ".".join(part for part in place if isinstance(part, str) and "[" not in part and part not in variants)


def _unknown_options(error: ValidationError, model: type[SettingsModel], variants: Collection[str]) -> str:
    """Say which names are no options, each with the one that was probably meant; empty where there are none.

    Names that Airbyte adds by itself (`__injected_…`) and those without a value are left out.
    """
    unknown = dict.fromkeys(
        (_path(problem["loc"][:-1], variants), str(problem["loc"][-1]))
        for problem in error.errors(include_url=False)
        if problem["type"] == _UNKNOWN and problem["input"] not in (None, "", [], {})
    )
    odd = [(above, name) for above, name in unknown if not name.startswith("__")]
    if not odd:
        return ""
    known = [*_options(model)]
    told = ", ".join(_told(above, name, known) for above, name in odd[:_NAMES_SHOWN])
    more = f" and {len(odd) - _NAMES_SHOWN} more" if len(odd) > _NAMES_SHOWN else ""
    return f"The configuration holds names that are no options and have no effect: {told}{more}."


def _told(above: str, name: str, known: Collection[str]) -> str:
    path = ".".join(filter(None, (above, name if _NAME.fullmatch(name) else "…")))
    if path in known:
        return f"`{path}` (not with this choice)"
    options = {option.rpartition(".")[2]: option for option in known}
    meant = nearest(name, options)
    return f"`{path}` (perhaps `{options[meant]}`)" if meant else f"`{path}`"


def _options(model: type[SettingsModel], above: str = "") -> Iterator[str]:
    """Yield the paths of all options, those of all variants: `credentials`, `credentials.client_id`, and so on."""
    for name, field in model.model_fields.items():
        yield f"{above}{name}"
        for inner in _models(field.annotation):
            yield from _options(inner, f"{above}{name}.")


def _models(annotation: Any) -> Iterator[type[SettingsModel]]:
    for part in get_args(annotation):
        yield from _models(part)
    if not get_args(annotation) and isinstance(annotation, type) and issubclass(annotation, SettingsModel):
        yield annotation


def _sentence(problem: ErrorDetails) -> str:
    """Say what is wrong in our words: the library's speak of Python."""
    if problem["type"] == "value_error":
        return str(problem["ctx"]["error"])
    return _SENTENCES.get(problem["type"], "is not valid").format(**problem.get("ctx", {}))


_UNKNOWN: Final = "extra_forbidden"
_SENTENCES: Final = {
    "missing": "is missing",
    "string_type": "must be a text",
    "string_pattern_mismatch": "must hold names, each an item of its own",
    "tuple_type": "must be a list",
    "int_type": "must be a whole number",
    "literal_error": "must be {expected}",
    "greater_than_equal": "is too small: it must be {ge} or more",
    "less_than_equal": "is too large: it must be {le} or less",
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "union_tag_invalid": "is of an unknown type; {discriminator} must be one of {expected_tags}",
}
