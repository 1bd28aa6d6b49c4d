"""Killed at any moment and fed again from the last STATE that came back: the account equals the table."""

from __future__ import annotations

import random
from functools import partial

import pytest

from destination import Destination, mapping, record, state, table
from harness import AccountSize, Emulator, Message, account

PEOPLE = {"full_name": "name", "contact_email": "email"}
TABLE = table("people", PEOPLE, "append_dedup", "contact_email")
ROWS = 240
EACH_STATE = 40
TINY = AccountSize(contacts=3, deals=1, organizations=1, tasks=0)


def messages_after(position: int) -> list[Message]:
    """What the platform sends from a STATE on."""
    found = []
    for number in range(position, ROWS):
        found.append(record("people", full_name=f"Pessoa {number}", contact_email=f"p{number}@people.test"))
        if (number + 1) % EACH_STATE == 0:
            found.append(state("people", number + 1, id=number))
    return found


def has_written(crm: Emulator, count: int) -> bool:
    return crm.writes() >= count


@pytest.mark.parametrize(
    "kills", [pytest.param(4, id="4-kills"), pytest.param(20, id="20-kills", marks=pytest.mark.long)]
)
def test_given_kills_when_the_table_is_sent_again_from_the_last_state_then_it_is_there_once(kills: int) -> None:
    dice = random.Random(kills)
    with account(TINY, latency_s=0.02) as crm:
        destination = Destination(crm, column_mapping=mapping(**PEOPLE))
        position = 0
        for _ in range(kills):
            after = crm.writes() + dice.randrange(1, max(2, 2 * ROWS // kills))
            run = destination.write(TABLE, messages_after(position), kill_when=partial(has_written, crm, after))
            position = max([position, *(each["position"] for each in run.states_of("people"))])

        last = destination.write(TABLE, messages_after(position))

        found = [row["name"] for row in crm.truth("contacts") if row["name"].startswith("Pessoa ")]
        assert last.exit_code == 0, last.log
        assert sorted(found) == sorted(f"Pessoa {number}" for number in range(ROWS))
