"""The token of API v1 travels in the query string: no failure prints it, as it is or encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from urllib.parse import quote, quote_plus

import orjson
import pytest

from harness import V1, Jobs, Run, Source, account, at_once, often, status_of
from servers import closed_port, stranger

pytestmark = pytest.mark.waits(15)

TOKEN = "Segredo+do/usuário=2&token%41 #?ç"
# How a URL, a log line or a JSON text might show it; its first part alone would be enough to find it.
SHAPES = {TOKEN, quote(TOKEN), quote(TOKEN, safe=""), quote_plus(TOKEN), orjson.dumps(TOKEN).decode()[1:-1], "Segredo"}
ANSWERS: dict[str, tuple[int, str, dict[str, str]]] = {
    "401": (401, '{"error":"Permission denied."}', {}),
    "403": (403, '{"error":"forbidden"}', {}),
    "404": (404, '{"errors":{"error_type":"RESOURCE_NOT_FOUND","error_message":"Lead not found."}}', {}),
    "422": (422, '{"errors":[{"error_type":"ACCESS_DENIED","error_MESSAGE":"x","feature":"y","access":"false"}]}', {}),
    "400": (400, '{"errors":"Could not find a custom field that matches"}', {}),
    "500-html": (500, "<p>Problemas t&eacute;cnicos</p>", {"Content-Type": "text/html"}),
    "redirect": (302, "", {"Location": "http://outro-host.exemplo.test/?token=x"}),
    "html": (200, "<html><h1>Em breve</h1></html>", {"Content-Type": "text/html"}),
    "malformed-json": (200, '{"contacts": [{"id": ', {"Content-Type": "application/json"}),
    "another-form": (200, '{"dados": []}', {"Content-Type": "application/json"}),
}
OFFLINE = {
    "nothing-listens": closed_port(),
    "name-does-not-resolve": "https://nothing.invalid",
    "no-address": "ftp://127.0.0.1",
}
CASES = [f"{command} {name}" for command in ("check", "read") for name in (*ANSWERS, *OFFLINE)]
# `read` tries these for long; what it prints then is what `check` prints, too.
LONG = {"read nothing-listens", "read name-does-not-resolve", "read html", "read another-form", "read malformed-json"}


def run_at(case: str) -> Run:
    """The run against a host that answers everything alike, or against none, with debug lines."""
    command, _, name = case.partition(" ")
    with account() as crm, ExitStack() as stack:
        url = OFFLINE[name] if name in OFFLINE else stack.enter_context(stranger(*ANSWERS[name])).url
        source = Source(crm, V1, api_base_url=url)
        source.config["credentials"]["access_token"] = TOKEN
        return source.check() if command == "check" else source.read("contacts", "users")


@pytest.fixture(scope="module")
def outcome() -> Iterator[Jobs[Run]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOG_LEVEL", "debug")
        with at_once({case: partial(run_at, case) for case in CASES}) as result:
            yield result


@pytest.mark.parametrize("case", often(CASES, long=LONG))
def test_given_a_failure_of_any_kind_when_run_then_the_token_is_nowhere(
    outcome: Callable[[str], Run], case: str
) -> None:
    run = outcome(case)

    printed = run.stdout + run.stderr
    if case.startswith("check"):
        assert status_of(run)[0] == "FAILED"
    else:
        assert run.errors
    assert {shape for shape in SHAPES if shape in printed} == set()
