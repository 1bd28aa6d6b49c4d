"""The token stays at home: a redirect is an error, and no other host sees a token or a secret."""

from __future__ import annotations

import pytest

from harness import CONVERSAS, V1, V2, Source, Version, account
from servers import stranger


@pytest.mark.parametrize(
    ("api", "path"),
    [(V2, "/crm/v2/"), (V2, "/oauth2/token"), (V1, "/api/v1/"), (CONVERSAS, "/v2/")],
    ids=["v2", "v2-token", "v1", "conversas"],
)
@pytest.mark.parametrize("command", ["check", "read"])
def test_given_a_redirect_to_another_host_when_run_then_an_error_and_nothing_reaches_that_host(
    command: str, api: Version, path: str
) -> None:
    with account() as crm, stranger(200, '{"data": []}') as elsewhere:
        source = Source(crm, api)
        if path == "/oauth2/token":
            crm.expire_access_tokens()
        stream = "flows" if api is CONVERSAS else "campaigns"
        crm.fault("redirect", path=path, location=f"{elsewhere.url}{api.path(stream)}", times=None)

        run = source.check() if command == "check" else source.read(stream)

        assert elsewhere.received == []
        if command == "check":
            (status,) = run.of_type("CONNECTION_STATUS")
            assert status["status"] == "FAILED"
        else:
            assert run.exit_code == 1
            assert run.error_of(stream)["failure_type"] == "config_error"


def test_given_links_to_another_host_when_read_then_they_are_not_followed() -> None:
    with account() as crm:  # its links carry the internal prefix, at which the gateway answers 404
        run = Source(crm).read("users", "contacts", "campaigns")

        assert run.exit_code == 0, run.log
        assert {request["path"].split("/")[1] for request in crm.requests()} == {"crm"}
