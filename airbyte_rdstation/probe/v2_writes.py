"""What API v2 does with writes: one organization, one contact and one deal are created, and changed.

Their names say what they are. The API cannot delete them: whoever runs this deletes them by hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Final

from airbyte_rdstation.client.rdql import quote
from airbyte_rdstation.client.responses import Row
from airbyte_rdstation.probe.questions import Answer, CannotTellError, Question, never, require
from airbyte_rdstation.probe.v2_filters import LISTS, AccountV2, at_least, error_shape

__all__ = ["WRITE_QUESTIONS", "Trial"]

_LOOKS: Final = 10
_BETWEEN_LOOKS_SECONDS: Final = 1.0
_NO_SLUG: Final = "rdstation-probe-no-such-field"


class Trial:
    """Creates and changes records, and notes what was created."""

    def __init__(self, account: AccountV2) -> None:
        self.account = account
        self.name = f"rdstation-probe {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} (may be deleted)"
        self.created: list[str] = []
        """Paths of what the account now has more."""
        self._made: dict[str, Row] = {}
        self.first_answer: Answer | None = None
        self.found_at_once = False

    def made(self, path: str) -> Row:
        """Return the record of the trial in this list, created at its first use."""
        if path not in self._made:
            body: Row = {"name": self.name}
            if path == "deals":
                body |= {"status": "ongoing", **self.stage(), **self.owner()}
            answer = self.post(path, body)
            if path == "deals" and not answer.ok:
                answer = self.post(path, {**body, **self.pipeline()})
            self.first_answer = self.first_answer or answer
            require(answer.ok, f"{path} cannot be created ({answer.status}: {error_shape(answer)})")
            self.found_at_once = bool(self.found(path))
            self._made[path] = answer.record() or self._looked_up(path)
        return self._made[path]

    def post(self, path: str, body: Row) -> Answer:
        """Create a record, `{"data": body}`; what was created is noted."""
        answer = self.account.caller.send("POST", f"/crm/v2/{path}", body={"data": body})
        if answer.ok:
            self.created.append(path)
        return answer

    def put(self, path: str, body: Row) -> Answer:
        """Change the trial's record."""
        return self.account.caller.send("PUT", f"/crm/v2/{path}/{self.made(path)['id']}", body={"data": body})

    def read(self, path: str) -> Row:
        """Return the trial's record as it is now."""
        return self.account.caller.get(f"/crm/v2/{path}/{self.made(path)['id']}").record()

    def _looked_up(self, path: str) -> Row:
        for _ in range(_LOOKS):
            if own := self.found(path):
                return own[0]
            time.sleep(_BETWEEN_LOOKS_SECONDS)  # a search index may lag behind
        raise CannotTellError(f"what was created in {path} is not found")

    def found(self, path: str) -> list[Row]:
        """Return what a filter by the trial's name finds."""
        rows = self.account.filtered(path, f"name:{quote(self.name)}").rows()
        return [row for row in rows if row.get("name") == self.name]

    def pipeline(self) -> Row:
        """Return the first pipeline, as a deal may name it."""
        return {"pipeline_id": at_least(self.account.page("pipelines").rows(), 1, "pipelines")[0]["id"]}

    def stage(self) -> Row:
        """Return the first pipeline's first stage, as a deal names it."""
        stages = self.account.page(f"pipelines/{self.pipeline()['pipeline_id']}/stages").rows()
        return {"stage_id": at_least(stages, 1, "stages")[0]["id"]}

    def owner(self) -> Row:
        """Return the first user, as a deal names its owner."""
        return {"owner_id": at_least(self.account.page("users").rows(), 1, "users")[0]["id"]}

    def custom_values(self, path: str) -> list[Row]:
        """Return custom fields that a record of this list may hold, each with a value."""
        fields = [row for row in self.account.custom_fields if row.get("entity") == path[:-1]]
        return [{str(row["slug"]): value} for row in fields if (value := _value_of(row))]


def _value_of(field: Row) -> str | None:
    if field.get("type") == "option":
        return str(field["options"][0]) if field.get("options") else None
    return {"text": "probe", "date": "31/12/2030"}.get(str(field.get("type")))


def _duplicate(trial: Trial) -> str:
    trial.made("organizations")
    return trial.post("organizations", {"name": trial.name}).or_status("accepted")


def _unknown_field(trial: Trial) -> str:
    return trial.put("contacts", {"rdstation_probe": "x"}).or_status("ignore")


def _custom_put(trial: Trial) -> str:
    for path in LISTS:
        fields = trial.custom_values(path)[:2]
        if len(fields) > 1:
            break
    else:
        raise CannotTellError("no kind of record has 2 custom fields")
    for field in fields:
        answer = trial.put(path, {"custom_fields": field})
        require(answer.ok, f"a custom field is refused ({answer.status})")
    held = trial.read(path).get("custom_fields")
    return "merge" if isinstance(held, dict) and fields[0].items() <= held.items() else "replace"


def _whole_price(trial: Trial) -> str:
    return trial.put("deals", {"one_time_price": 10}).or_status("accept")


def _required(trial: Trial) -> str:
    """Tell what the least deal lacks; each try that is accepted creates one."""
    body: Row = {"name": trial.name, "status": "ongoing"}
    if trial.post("deals", body).ok:
        return "none"
    for what, more in (("owner", trial.owner()), ("pipeline", {**trial.stage(), **trial.pipeline()})):
        if trial.post("deals", {**body, **more}).ok:
            return what
    return "owner and pipeline"


def _note(trial: Trial) -> str:
    return _moved(
        trial, "deals", lambda: trial.post(f"deals/{trial.made('deals')['id']}/notes", {"description": "probe"})
    )


def _custom_edit(trial: Trial) -> str:
    fields = trial.custom_values("contacts")
    require(fields, "contacts have no custom field")
    slug, value = next(iter(fields[0].items()))
    other = None if trial.read("contacts").get("custom_fields", {}).get(slug) == value else value
    return _moved(trial, "contacts", lambda: trial.put("contacts", {"custom_fields": {slug: other}}))


def _moved(trial: Trial, path: str, change: Callable[[], Answer]) -> str:
    before = trial.read(path).get("updated_at")
    answer = change()
    require(answer.ok, f"the change is refused ({answer.status})")
    return "moves" if trial.read(path).get("updated_at") != before else "stays"


def _lag(trial: Trial) -> str:
    trial.made("contacts")
    return "found at once" if trial.found_at_once else "not found at once"


def _unknown_slug(trial: Trial) -> str:
    return trial.put("contacts", {"custom_fields": {_NO_SLUG: "x"}}).or_status("ignore")


def _invalid(trial: Trial) -> str:
    return trial.put("deals", {"status": "rdstation-probe"}).or_status("accepted")


def _pipeline(trial: Trial) -> str:
    deal = trial.made("deals")
    others = [row["id"] for row in trial.account.page("pipelines").rows() if row["id"] != deal.get("pipeline_id")]
    require(others, "the account has one pipeline")
    trial.put("deals", {"pipeline_id": others[0]}).success()
    return "obey" if trial.read("deals").get("pipeline_id") == others[0] else "ignore"


def _empty(trial: Trial) -> str:
    trial.made("contacts")
    first = trial.first_answer
    return "off" if first is None or first.form != "nothing" else str(first.status)


WRITE_QUESTIONS: Final = (
    Question("31", "the body of a success", "off", "takes none for a success, too; looks up what it created", _empty),
    Question("15", "an organization of a name that is there", "422", "looks it up, then decides", _duplicate),
    Question("16", "a field that nobody knows", "ignore", "compares the answer with what was sent", _unknown_field),
    Question("17", "custom fields that are not sent", "merge", "reads, merges, writes", _custom_put),
    Question("18", "a price without a point", "422", "always writes one", _whole_price),
    Question("19", "what a new deal needs", "owner", "sends what is mapped; names it where it is refused", _required),
    Question("20", "a deal's updated_at after a note", "moves",
        "deal_notes needs a full refresh where it stays", _note),
    Question("21", "a contact's updated_at after a custom field", "moves",
        "contacts need a full refresh where it stays", _custom_edit),
    Question("23", "a new record in filtered lists", "found at once", "remembers what it wrote in this run", _lag),
    Question("24", "a creation whose answer is lost", "any", "looks it up before it creates again",
        never("a lost answer cannot be ordered")),
    Question("25 write", "a slug that nobody knows", "422", "checks slugs before it writes", _unknown_slug),
    Question("29", "the status of a failed validation", "422", "400 and 422 reject the row", _invalid),
    Question("30", "pipeline_id in a deal", "ignore", "stage_id chooses the pipeline", _pipeline),
)  # fmt: skip
