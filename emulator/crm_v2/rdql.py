"""RDQL, the language of `filter` (crm-v2.md#rdql): text -> syntax tree.

Pure; what a property means is decided in `conditions`.

expression = alternative ("or" alternative)*
alternative = term (["and"] term)*
term = "(" expression ")" | ["-"] property ":" [operator] value
value = word | "quoted" | "(" value ("," value)* ")"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeAlias

__all__ = ["And", "Condition", "Expression", "Flag", "Or", "RdqlSyntaxError", "Value", "parse"]

_PROPERTY = re.compile(r"@[\w-]+|[A-Za-z_]\w*")
_OPERATOR = re.compile(r">=|<=|>|<|~")
_WORD = re.compile(r'[^\s(),;"]+')
_KEYWORD = re.compile(r"(and|or)(?=[\s(])", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class RdqlSyntaxError(ValueError):
    """The text is no RDQL; the real API answers 500 to such [seen for literals]."""


@dataclass(frozen=True)
class Value:
    """A literal as written, its quotes and escapes undone."""

    text: str
    quoted: bool = False


@dataclass(frozen=True)
class Condition:
    """`property:operator value`; IN is the operator "in", plain `:` is "="."""

    name: str
    operator: str
    values: tuple[Value, ...]
    negated: bool = False


@dataclass(frozen=True)
class Flag:
    """A pseudo-field: `has:product`, `is:visible`, each also with `:true` or `:false` [guess].

    Facts: crm-v2.md#unknowns row 22.
    """

    name: str
    wanted: bool
    bare: bool = field(default=True, compare=False)  # written without `:true` or `:false`


@dataclass(frozen=True)
class And:
    """All of the parts."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True)
class Or:
    """Any of the parts."""

    parts: tuple[Expression, ...]


Expression: TypeAlias = "Condition | Flag | And | Or"


def parse(text: str) -> Expression:
    """The tree of a filter text; raises RdqlSyntaxError."""
    parser = _Parser(text)
    tree = parser.expression()
    # Conditions joined by a comma answer 200, "meaning unclear" [seen]: here the rest is ignored.
    if not parser.at_end() and not parser.skip(","):
        raise RdqlSyntaxError(f"unexpected text at {parser.at}: {text[parser.at :][:30]!r}")
    return tree


class _Parser:
    """Recursive descent over the text; `at` is the reading position."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def at_end(self) -> bool:
        self._blanks()
        return self.at == len(self.text)

    def skip(self, token: str) -> bool:
        """Step over `token` if it comes next."""
        self._blanks()
        found = self.text.startswith(token, self.at)
        self.at += len(token) if found else 0
        return found

    def expression(self) -> Expression:
        parts = [self._alternative()]
        while self._keyword("or"):
            parts.append(self._alternative())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _alternative(self) -> Expression:
        parts = [self._term()]
        while self._keyword("and") or self._term_follows():
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _term(self) -> Expression:
        if self.skip("("):
            inner = self.expression()
            self._expect(")")
            return inner
        negated = self.skip("-")
        name = self._match(_PROPERTY, "a property")
        if not self.text.startswith(":", self.at):
            raise RdqlSyntaxError(f"no colon behind {name!r}")
        self.at += 1
        if name in ("has", "is"):
            return self._flag(name, negated)
        operator = self._operator()
        if operator == "=" and self.text.startswith("(", self.at):
            return Condition(name, "in", self._array(), negated)
        return Condition(name, operator, (self._value(),), negated)

    def _flag(self, prefix: str, negated: bool) -> Flag:
        name, _, state = self._match(_WORD, "a pseudo-field").partition(":")
        if state not in ("", "true", "false"):
            raise RdqlSyntaxError(f"{prefix}:{name} is true or false, not {state!r}")
        return Flag(f"{prefix}:{name}", (state != "false") != negated, bare=not state)

    def _operator(self) -> str:
        match = _OPERATOR.match(self.text, self.at)
        if not match:
            return "="
        self.at = match.end()
        return match[0]

    def _array(self) -> tuple[Value, ...]:
        self._expect("(")
        values = [self._value()]
        while self.skip(","):
            self._blanks()
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> Value:
        match = _QUOTED.match(self.text, self.at)
        if match:
            self.at = match.end()
            return Value(_ESCAPED.sub(r"\1", match[1]), quoted=True)
        return Value(self._match(_WORD, "a value"))

    def _match(self, pattern: re.Pattern[str], what: str) -> str:
        match = pattern.match(self.text, self.at)
        if not match:
            raise RdqlSyntaxError(f"expected {what} at {self.at}: {self.text[self.at :][:30]!r}")
        self.at = match.end()
        return match[0]

    def _keyword(self, word: str) -> bool:
        self._blanks()
        match = _KEYWORD.match(self.text, self.at)
        if not match or match[1].lower() != word:
            return False
        self.at = match.end()
        self._blanks()
        return True

    def _term_follows(self) -> bool:
        self._blanks()
        rest = self.text[self.at : self.at + 1]
        return rest not in ("", ")", ",", ";") and not _KEYWORD.match(self.text, self.at)

    def _expect(self, token: str) -> None:
        if not self.skip(token):
            raise RdqlSyntaxError(f"expected {token!r} at {self.at}")

    def _blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
