"""Stages of API v1: a page of twelve, and the default pipeline's stages for one that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from harness import V1, AccountSize, Line, Source, account
from truth import differences


@pytest.mark.parametrize(
    "settings", [{}, {"v1_stage_list": "bare"}, {"v1_limit_over": "500"}], ids=["full", "bare", "500"]
)
def test_given_pipelines_of_30_stages_when_read_then_each_arrives_once_in_full_detail(settings: dict[str, Any]) -> None:
    with account(AccountSize(pipelines=4, stages=30), **settings) as crm:
        run = Source(crm, V1).read("deal_stages", "deal_pipelines")

        assert run.exit_code == 0, run.log
        crm.settings(v1_stage_list="full")
        assert len(run.records("deal_stages")) == len(run.ids("deal_stages")) == 4 * 30
        assert differences(run, crm, "deal_stages", V1) == []
        assert differences(run, crm, "deal_pipelines", V1) == []
        lists = [request for request in crm.requests() if request["path"].endswith("/deal_stages")]
        assert {request["query"]["deal_pipeline_id"] for request in lists} == V1.ids(crm, "deal_pipelines")
        assert max(int(request["query"]["limit"]) for request in lists) <= 12


def test_given_a_pipeline_that_vanishes_when_read_then_no_stage_of_the_default_one_comes_in_its_place() -> None:
    with account(AccountSize(pipelines=7, stages=13), latency_s=0.1) as crm:
        stages = V1.truth(crm, "deal_stages")
        last = max(crm.truth("pipelines"), key=lambda pipeline: pipeline["order"])["id"]
        deleted: list[str] = []

        def delete_once_stages_arrive(line: Line) -> bool:
            if line.is_record and not deleted:
                crm.delete("pipelines", last)
                deleted.append(last)
            return False

        run = Source(crm, V1, num_workers=1).read("deal_stages", kill_when=delete_once_stages_arrive)

        assert run.exit_code == 0, run.log
        assert deleted
        asked = [request["query"].get("deal_pipeline_id") for request in crm.requests()]
        assert last in asked, "it was gone before its turn"
        records = run.records("deal_stages")
        assert len(records) == len(run.ids("deal_stages"))
        others = {stage["id"] for pipeline, below in stages.items() if pipeline != last for stage in below}
        assert others <= run.ids("deal_stages") <= others | {stage["id"] for stage in stages[last]}


def test_given_stages_that_are_refused_when_read_then_one_error_stands_for_all_pipelines() -> None:
    with account(AccountSize(pipelines=12, stages=2)) as crm:
        crm.fault("422", path="/deal_stages$", times=None)

        run = Source(crm, V1).read("deal_stages", "deal_pipelines")

        assert run.outcomes == {"deal_stages": "INCOMPLETE", "deal_pipelines": "COMPLETE"}
        assert "422" in run.error_of("deal_stages")["internal_message"]
