from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.crm_v2.literals import LiteralError, instant
from emulator.crm_v2.rdql import And, Condition, Expression, Flag, Or, RdqlSyntaxError, Value, parse

WON = Condition("status", "=", (Value("won"),))
LOST = Condition("status", "=", (Value("lost"),))
TEST = Condition("name", "~", (Value("Test"),))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("status:won", WON, id="equal"),
        pytest.param("-status:won", Condition("status", "=", (Value("won"),), negated=True), id="not-equal"),
        pytest.param("total_price:>100", Condition("total_price", ">", (Value("100"),)), id="greater"),
        pytest.param("total_price:<=10.5", Condition("total_price", "<=", (Value("10.5"),)), id="at-most"),
        pytest.param("status:(won,lost)", Condition("status", "in", (Value("won"), Value("lost"))), id="in"),
        pytest.param("-status:(won)", Condition("status", "in", (Value("won"),), negated=True), id="not-in"),
        pytest.param(
            'a:(1, "2 b", 3c)',
            Condition("a", "in", (Value("1"), Value("2 b", quoted=True), Value("3c"))),
            id="array-of-the-docs",
        ),
        pytest.param("name:~Test", TEST, id="match"),
        pytest.param("status:won name:~Test", And((WON, TEST)), id="space-is-and"),
        pytest.param("status:won and name:~Test", And((WON, TEST)), id="and"),
        pytest.param("status:won or name:~Test", Or((WON, TEST)), id="or"),
        pytest.param("status:won or status:lost name:~Test", Or((WON, And((LOST, TEST)))), id="and-binds-closer"),
        pytest.param("(status:won or status:lost) name:~Test", And((Or((WON, LOST)), TEST)), id="parentheses"),
        pytest.param("@razao-social:x", Condition("@razao-social", "=", (Value("x"),)), id="hyphenated-slug"),
        pytest.param("has:product", Flag("has:product", wanted=True), id="flag"),
        pytest.param("has:product:true", Flag("has:product", wanted=True), id="flag-true"),
        pytest.param("-is:visible", Flag("is:visible", wanted=False), id="flag-negated"),
        pytest.param("is:visible:false", Flag("is:visible", wanted=False), id="flag-false"),
        pytest.param(
            r'name:"say \"oi\" \\ tchau"', Condition("name", "=", (Value(r'say "oi" \ tchau', True),)), id="escapes"
        ),
        pytest.param(
            "email:ana+1@exemplo.test", Condition("email", "=", (Value("ana+1@exemplo.test"),)), id="bare-e-mail"
        ),
        pytest.param("order:won", Condition("order", "=", (Value("won"),)), id="property-that-begins-like-or"),
        pytest.param("status:won,status:lost", WON, id="comma-meaning-unclear"),
    ],
)
def test_parse(text: str, tree: Expression) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("status", id="no-colon"),
        pytest.param("status:", id="no-value"),
        pytest.param("status:won;name:x", id="semicolon"),
        pytest.param('name:"open', id="open-quote"),
        pytest.param("(status:won", id="open-parenthesis"),
        pytest.param("status:won)", id="closed-too-often"),
        pytest.param("updated_at:>=2026-04-07 00:00:00", id="unquoted-date-time-with-a-space"),
        pytest.param("has:product:maybe", id="flag-neither-true-nor-false"),
        pytest.param("status:()", id="empty-array"),
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(RdqlSyntaxError):
        parse(text)


@given(st.text(max_size=40))
def test_given_any_text_when_quoted_then_it_comes_back(text: str) -> None:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')

    assert parse(f'name:"{escaped}"') == Condition("name", "=", (Value(text, quoted=True),))


@given(st.text(alphabet='ab:@"\\()-,; ><=~and or12', max_size=40))
def test_given_any_text_when_parsed_then_a_tree_or_a_syntax_error(text: str) -> None:
    with suppress(RdqlSyntaxError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "quoted", "expected"),
    [
        pytest.param("1970-01-01 00:00:02", True, 2000, id="quoted-with-space"),
        pytest.param("1970-01-01T00:00:02Z", False, 2000, id="iso-z"),
        pytest.param("1970-01-01T00:00:02", False, 2000, id="naive-is-utc"),
        pytest.param("1970-01-01T00:00:02+00:00", False, 2000, id="offset"),
        pytest.param("1970-01-02", False, 86_400_000, id="date"),
    ],
)
def test_instant(text: str, quoted: bool, expected: int) -> None:
    assert instant(Value(text, quoted)) == expected


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00:02.123456+00:00", "1970-01-01 00:00:02.000", "12:00:00", "soon", "1970-13-01"]
)
def test_instant_refuses(text: str) -> None:
    with pytest.raises(LiteralError):
        instant(Value(text, quoted=True))
