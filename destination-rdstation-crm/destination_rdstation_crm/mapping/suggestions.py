"""Names that a mistyped name may have meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

from airbyte_rdstation.invisible import plain_name, shown

__all__ = ["suggestion"]

_SHOWN: Final = 10
_CLOSE: Final = 0.7  # below it, difflib likens names that share little more than their length


def suggestion(name: str, known: Iterable[str]) -> str:
    """Make a sentence: near misses if there are any, else what there is to choose from."""
    names = sorted(known)
    alike = [other for other in names if _spelled(other) == _spelled(name)]
    near = alike or get_close_matches(name, names, cutoff=_CLOSE)
    if near:
        return f"Did you mean {_listed(near, 'or')}?"
    if not names:
        return "There is none."
    shown, more = names[:_SHOWN], len(names) - _SHOWN
    return f"There are {_listed(shown, 'and')}" + (f", and {more} more." if more > 0 else ".")


def _spelled(name: str) -> str:
    """The name without what is easily mistaken: case, and a hyphen for an underscore or a space."""
    return plain_name(name).casefold().replace("-", "_").replace(" ", "_")


def _listed(names: list[str], word: str) -> str:
    quoted = [f"`{shown(name)}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {word} {quoted[-1]}"
