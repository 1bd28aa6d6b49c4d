from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from .conftest import Caller

Answer = requests.Response


def applied(api: Caller) -> list[str | None]:
    return [entry["fault"] for entry in api.crm.requests()]


@pytest.mark.parametrize("kind", ["429", "500", "502", "503", "504", "400", "401", "404", "422"])
@pytest.mark.parametrize("body", ["json", "html"])
def test_given_a_status_fault_then_one_call_suffers(api: Caller, kind: str, body: str) -> None:
    api.crm.fault(kind, body=body, retry_after="3")

    hit, spared = api.get("/users"), api.get("/users")

    assert hit.status_code == int(kind)
    assert hit.headers["Retry-After"] == "3"
    assert hit.headers["Content-Type"].startswith("text/html" if body == "html" else "application/json")
    assert spared.status_code == 200
    assert applied(api) == [kind, None]


def test_given_a_reset_then_the_connection_breaks(api: Caller) -> None:
    api.crm.fault("reset")

    with pytest.raises(requests.ConnectionError):
        api.get("/users")

    assert api.get("/users").status_code == 200
    assert [entry["status"] for entry in api.crm.requests()] == [None, 200]


def test_given_a_truncated_answer_then_the_body_ends_early(api: Caller) -> None:
    api.crm.fault("truncate")

    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError), match="IncompleteRead"):
        api.get("/contacts", size=200)

    assert api.get("/users").status_code == 200


def test_given_a_stall_that_closes_then_the_connection_breaks_after_it(api: Caller) -> None:
    api.crm.fault("stall", seconds=0.3)

    begin = time.monotonic()
    with pytest.raises(requests.ConnectionError):
        api.get("/users")

    assert time.monotonic() - begin >= 0.3


def test_given_a_stall_that_answers_then_a_patient_client_gets_it(api: Caller) -> None:
    api.crm.fault("stall", seconds=0.4, then="answer", times=2)

    assert api.get("/users").status_code == 200
    with pytest.raises(requests.ReadTimeout):
        api.call("GET", "/users", timeout=0.1)


def test_given_drop_after_write_then_the_record_is_there_but_not_the_answer(api: Caller) -> None:
    api.crm.fault("drop_after_write", method="POST", path="/contacts$")

    with pytest.raises(requests.ConnectionError):
        api.call("POST", "/contacts", json={"data": {"name": "Perdida na Volta"}})

    assert len(api.ids("/contacts", filter='name:"Perdida na Volta"')) == 1


def test_commit_then_timeout(api: Caller) -> None:
    api.crm.settings(commit_then_timeout=1)

    with pytest.raises(requests.ConnectionError):
        api.call("POST", "/contacts", json={"data": {"name": "Gravada e Muda"}})

    assert len(api.ids("/contacts", filter='name:"Gravada e Muda"')) == 1


def test_given_html_200_then_no_json_comes(api: Caller) -> None:
    api.crm.fault("html_200")

    answer = api.get("/users")

    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_given_a_redirect_then_it_names_another_host(api: Caller) -> None:
    api.crm.fault("redirect")

    answer = api.get("/users")

    assert (answer.status_code, answer.headers["Location"]) == (302, "http://outro-host.exemplo.test/")


@pytest.mark.parametrize(
    ("kind", "looks"),
    [
        pytest.param("object_for_list", lambda data: isinstance(data, dict), id="object-for-list"),
        pytest.param("list_for_object", lambda data: isinstance(data[0], list), id="list-in-list"),
        pytest.param("data_null", lambda data: data is None, id="null"),
        pytest.param("missing_id", lambda data: "id" not in data[0] and "id" in data[1], id="missing-id"),
    ],
)
def test_given_a_malformed_envelope_then_it_is_still_200_and_json(
    api: Caller, kind: str, looks: Callable[[Any], bool]
) -> None:
    api.crm.fault(kind)

    assert looks(api.page("/users")["data"])


def test_given_list_for_object_then_a_single_read_gives_a_list(api: Caller) -> None:
    user = api.ids("/users")[0]
    api.crm.fault("list_for_object")

    assert api.get(f"/users/{user}").json()["data"][0]["id"] == user


def test_given_repeat_page_then_the_first_page_comes_for_ever(api: Caller) -> None:
    api.crm.fault("repeat_page", path="/contacts$", times=None)

    pages = [api.ids("/contacts", size=10, number=number) for number in (1, 2, 30)]

    assert pages[0] == pages[1] == pages[2]


def test_given_a_match_then_only_those_calls_count(api: Caller) -> None:
    api.crm.fault("500", method="GET", path="/deals$", query=r"page\[number\]=2", after=1, times=1)

    statuses = [api.get(path, number=number).status_code for path in ("/deals", "/users") for number in (1, 2, 2, 2)]

    assert statuses == [200, 200, 500, 200] + [200] * 4
    assert api.crm.faults()[0]["applied"] == 1


def test_given_a_probability_then_the_seed_decides(api: Caller) -> None:
    runs = []
    for _ in range(2):
        api.crm.clear_faults()
        api.crm.fault("503", probability=0.5, seed=3, times=None)
        runs.append([api.get("/teams").status_code for _ in range(20)])

    assert set(runs[0]) == {200, 503}
    assert applied(api).count("503") == runs[0].count(503) + runs[1].count(503)


def test_given_a_fault_on_the_token_endpoint_then_it_suffers_too(api: Caller) -> None:
    api.crm.fault("503", path="^/oauth2/token$")

    assert api.token_call().status_code == 503
    assert api.token_call().status_code == 200


@pytest.mark.parametrize("wrong", [{"kind": "flood"}, {"kind": "500", "colour": 1}])
def test_given_a_wrong_fault_then_it_is_refused(api: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no such"):
        api.crm.fault(**wrong)
