"""What the token's user may not see (API v1): read without failing, and never passed over in silence."""

from __future__ import annotations

import re
from typing import Any

import pytest

from harness import V1, AccountSize, Line, Source, account, status_of
from truth import differences

OWN: dict[str, Any] = {"v1_visibility": "own"}
RESTRICTED = ("contacts", "companies", "deal_contacts", "deals", "deals_details", "tasks")
SIZE = AccountSize(contacts=450, deals=230, organizations=220, tasks=220)
SAYS_PARTIAL = re.compile(r"\bsees?\b|visib", re.IGNORECASE)


@pytest.mark.parametrize("counts", ["visible", "all"])
def test_given_a_user_who_sees_part_when_read_then_all_of_that_part_comes(counts: str) -> None:
    with account(SIZE, **OWN, v1_total_counts=counts) as crm:
        run = Source(crm, V1).read()

        assert run.exit_code == 0, run.log
        for stream in V1.streams:
            visible = V1.ids(crm, stream, visible=True)
            assert run.ids(stream) == visible
            assert differences(run, crm, stream, V1, visible=True) == []
        assert all(V1.ids(crm, stream, visible=True) < V1.ids(crm, stream) for stream in RESTRICTED)
        if counts == "all":
            warnings = "\n".join(run.log_lines("WARN"))
            assert [
                stream
                for stream in ("contacts", "companies", "deal_contacts", "deals", "tasks")
                if stream not in warnings
            ] == []


def test_given_a_user_who_sees_all_when_read_then_nothing_is_said() -> None:
    with account(SIZE) as crm:
        run = Source(crm, V1).read()

        assert run.exit_code == 0, run.log
        assert run.log_lines("WARN") == []


@pytest.mark.parametrize("counts", ["visible", "all"])
def test_given_a_user_who_sees_part_when_checked_then_succeeded_and_what_that_means_is_said(counts: str) -> None:
    with account(SIZE, **OWN, v1_total_counts=counts) as crm:
        run = Source(crm, V1).check()

        status, message = status_of(run)
        assert status == "SUCCEEDED"
        assert run.seconds < 60
        assert SAYS_PARTIAL.search("\n".join([message, *run.log_lines("WARN")]))


def test_given_a_user_who_sees_all_when_checked_then_nothing_is_said() -> None:
    with account(SIZE) as crm:
        run = Source(crm, V1).check()

        assert status_of(run) == ("SUCCEEDED", "")
        assert run.log_lines("WARN") == []


def test_given_a_deal_that_vanishes_between_list_and_detail_when_read_then_it_is_skipped_and_counted() -> None:
    with account(AccountSize(deals=80), latency_s=0.1) as crm:
        last = max(V1.truth(crm, "deals"), key=lambda deal: deal["updated_at"])["id"]
        deleted: list[str] = []

        def delete_once_details_arrive(line: Line) -> bool:
            if line.is_record and not deleted:
                crm.delete("deals", last)
                deleted.append(last)
            return False

        # Slow enough that the deals are listed, and the last of them not visited, when the first detail arrives.
        source = Source(crm, V1, requests_per_minute=1_200, num_workers=1)
        run = source.read("deals_details", kill_when=delete_once_details_arrive)

        assert run.exit_code == 0, run.log
        assert 404 in {request["status"] for request in crm.requests()}
        assert run.ids("deals_details") == V1.ids(crm, "deals_details")
        said = [text for level in ("INFO", "WARN") for text in run.log_lines(level) if "deals_details" in text]
        assert [text for text in said if re.search(r"\b1\b", text) and re.search("404|skip|gone|found|see", text)]
