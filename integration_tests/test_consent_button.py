"""The button "Authenticate" of Airbyte's form: the consent flow that `advanced_auth` tells, and what it leaves.

Played here as the platform's declarative flow does it: templates rendered, the code exchanged, the outputs put where
the specification says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, quote, urlsplit

import jinja2
import jsonschema
import pytest
import requests
from airbyte_cdk.sources.declarative.models.declarative_component_schema import OAuthConfigSpecification

from airbyte_rdstation.authorize import consent_url
from harness import AccountSize, Emulator, account, launch, status_of

BUTTONS: Final = ("source-rdstation-crm", "destination-rdstation-crm")
CALLBACK: Final = "https://airbyte.exemplo.test/auth_flow"
ACCOUNTS, API = "https://accounts.rdstation.com", "https://api.rd.services"
Json = dict[str, Any]
each_button = pytest.mark.parametrize("connector", BUTTONS)


@pytest.fixture(scope="module")
def specs() -> dict[str, Json]:
    """Specifications as the console scripts print them."""
    return {name: launch("spec", script=name).of_type("SPEC")[0] for name in (*BUTTONS, "source-rdstation-conversas")}


@pytest.fixture(scope="module")
def crm() -> Iterator[Emulator]:
    with account(AccountSize(contacts=3, deals=3, organizations=3, tasks=3)) as running:
        yield running


def render(template: str, values: Mapping[str, str]) -> str:
    """A template with the platform's variables: `…_value`, and `…_param` as in an address."""
    names = {f"{name}_value": value for name, value in values.items()}
    names |= {f"{name}_param": f"{name}={quote(value, safe='')}" for name, value in values.items()}
    return jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False).from_string(template).render(names)  # noqa: S701 - addresses, no HTML


def put(config: Json, path: list[str], value: str) -> None:
    for name in path[:-1]:
        config = config.setdefault(name, {})
    config[path[-1]] = value


def authenticated(spec: Json, crm: Emulator) -> Json:
    """The configuration that the button leaves: consent, exchange, outputs."""
    auth = spec["advanced_auth"]
    flow = auth["oauth_config_specification"]
    told = flow["oauth_connector_input_specification"]
    application = {name: crm.oauth()["credentials"][name] for name in ("client_id", "client_secret")}
    values = {**application, "redirect_uri": CALLBACK, "state": "s" * told["state"]["min"]}

    visible = {name: value for name, value in values.items() if name != "client_secret"}
    page = render(told["consent_url"], visible).replace(ACCOUNTS, crm.base_url)
    back = parse_qs(urlsplit(requests.get(page, allow_redirects=False, timeout=10).headers["Location"]).query)
    assert back["state"] == [values["state"]]
    values = {**values, "auth_code": back["code"][0]}
    # The platform sends a form where the header says so, and JSON otherwise.
    assert told["access_token_headers"] == {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(
        told["access_token_url"].replace(API, crm.base_url),
        data={name: render(value, values) for name, value in told["access_token_params"].items()},
        timeout=10,
    ).json()

    config: Json = {"api_base_url": crm.base_url}
    if "predicate_key" in auth:
        put(config, auth["predicate_key"], auth["predicate_value"])
    for name, output in flow["complete_oauth_output_specification"]["properties"].items():
        (key,) = output["path_in_oauth_response"]
        assert key in told["extract_output"], name
        put(config, output["path_in_connector_config"], answer[key])
    for name, output in flow["complete_oauth_server_output_specification"]["properties"].items():
        put(config, output["path_in_connector_config"], application[name])
    return config


@each_button
def test_given_the_button_when_clicked_then_the_configuration_works_and_the_first_check_spends_no_refresh_token(
    connector: str, specs: dict[str, Json], crm: Emulator
) -> None:
    config = authenticated(specs[connector], crm)
    if connector.startswith("destination-"):
        config["mode"] = "contacts"
    jsonschema.validate(config, specs[connector]["connectionSpecification"])
    crm.clear_requests()

    assert status_of(launch("check", {"config": config}, script=connector)) == ("SUCCEEDED", "")

    # The platform tests a new connection before it has a place for new tokens: a renewal now would be lost.
    assert [entry["path"] for entry in crm.requests() if "oauth" in entry["path"]] == []


@each_button
def test_given_the_button_when_the_access_token_has_died_then_the_connector_renews_it(
    connector: str, specs: dict[str, Json], crm: Emulator
) -> None:
    config = {**authenticated(specs[connector], crm), **({"mode": "deals"} if connector.startswith("dest") else {})}
    crm.expire_access_tokens()

    run = launch("check", {"config": config}, script=connector)

    assert status_of(run) == ("SUCCEEDED", "")
    assert run.controls[-1][1]["credentials"]["refresh_token"] in crm.oauth()["refresh_tokens"]


@each_button
def test_the_button_leads_where_rdstation_authorize_leads(connector: str, specs: dict[str, Json]) -> None:
    told = specs[connector]["advanced_auth"]["oauth_config_specification"]["oauth_connector_input_specification"]
    values = {"client_id": "app", "redirect_uri": CALLBACK, "state": "s"}

    assert render(told["consent_url"], values) == consent_url(ACCOUNTS, "app", CALLBACK, "s")
    assert told["access_token_url"] == f"{API}/oauth2/token"


@each_button
def test_every_path_of_the_flow_is_a_field_and_every_secret_is_marked(connector: str, specs: dict[str, Json]) -> None:
    spec = specs[connector]
    flow = spec["advanced_auth"]["oauth_config_specification"]
    OAuthConfigSpecification.parse_obj(flow)
    credentials = spec["connectionSpecification"]["properties"]["credentials"]
    if "oneOf" in credentials:
        assert spec["advanced_auth"]["predicate_key"] == ["credentials", "api_version"]
        wanted = spec["advanced_auth"]["predicate_value"]
        (credentials,) = [v for v in credentials["oneOf"] if v["properties"]["api_version"]["const"] == wanted]
    tokens, server = (
        flow[name] for name in ("complete_oauth_output_specification", "complete_oauth_server_output_specification")
    )

    filled = {}
    for outputs in (tokens, server):
        assert set(outputs["required"]) == outputs["properties"].keys()
        for name, output in outputs["properties"].items():
            assert output["path_in_connector_config"] == ["credentials", name]
            filled[name] = credentials["properties"][name]
    assert {name for name, field in filled.items() if not field.get("airbyte_secret")} == {"client_id"}
    assert {*credentials["required"]} - {"api_version"} <= filled.keys()
    assert flow["complete_oauth_server_input_specification"]["properties"].keys() == server["properties"].keys()


def test_conversas_has_no_button(specs: dict[str, Json]) -> None:
    assert "advanced_auth" not in specs["source-rdstation-conversas"]
