"""What becomes of the forms of a filter that no document promises (crm-v2.md, "What is still unknown", filter forms).

The switch `filter_forms` holds entries like `email:~=400`: a form (property, colon, `~` for "contains", `(` for a list,
nothing for equality; `@` stands for every custom field) and what happens to it: a status, `ignore`, `nothing` (no row
fits it), or `first`: of a list the first value alone counts. `has_form` does the same for pseudo-fields, which come
bare or with a value.
"""

from __future__ import annotations

from dataclasses import replace

from ..settings import Settings
from .rdql import And, Condition, Expression, Flag, Or, Value

__all__ = ["FormRefusedError", "obeyed"]

_SIGNS = {"=": "", "in": "(", "~": "~"}


class FormRefusedError(ValueError):
    """The API takes no such condition; the status says how."""

    def __init__(self, form: str, status: int) -> None:
        super().__init__(form)
        self.status = status


def obeyed(tree: Expression | None, settings: Settings) -> Expression | None:
    """The filter without what is ignored (None: nothing is left, every row fits); raises FormRefusedError."""
    if not (settings.filter_forms or settings.refused_texts or settings.has_form != "both"):
        return tree
    if isinstance(tree, (And, Or)):
        parts = [obeyed(part, settings) for part in tree.parts]
        kept = tuple(part for part in parts if part is not None)
        if not kept or (isinstance(tree, Or) and len(kept) < len(parts)):
            return None
        return type(tree)(kept)
    if isinstance(tree, Flag):
        return _flag(tree, settings)
    if not isinstance(tree, Condition):
        return tree
    form = _form(tree)
    if any(value.text in settings.refused_texts for value in tree.values):
        raise FormRefusedError(form, 400)
    outcome = dict(entry.rsplit("=", 1) for entry in settings.filter_forms).get(form)
    if outcome is None:
        return tree
    if outcome == "ignore":
        return None
    if outcome in ("first", "nothing"):
        return replace(tree, values=tree.values[:1] if outcome == "first" else (Value("\0"),))
    raise FormRefusedError(form, int(outcome))


def _flag(flag: Flag, settings: Settings) -> Expression | None:
    """Which form a pseudo-field takes is unknown (crm-v2.md#unknowns row 22)."""
    if settings.has_form == "both" or flag.bare == settings.has_form.startswith("bare"):
        return flag
    if settings.has_form == "bare_ignored":
        return None
    raise FormRefusedError(flag.name if flag.bare else f"{flag.name}:…", 500)


def _form(condition: Condition) -> str:
    name = "@" if condition.name.startswith("@") else condition.name
    return f"{name}:{_SIGNS.get(condition.operator, condition.operator)}"
