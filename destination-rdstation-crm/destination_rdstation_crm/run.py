"""The console script `destination-rdstation-crm`."""

from __future__ import annotations

import contextlib
import sys
from typing import TextIO, cast

from airbyte_rdstation.start_up import quick_import

__all__ = ["run"]


def run(args: list[str] | None = None) -> None:
    """Run `spec`, `check`, `discover` or `write`; exit with 1 after an error that is no answer to `check`.

    After SIGTERM or SIGINT `write` exits with 143 or 130, what was under way finished and the states of what is written
    sent; the others die of SIGTERM.
    """
    with quick_import():
        from airbyte_rdstation.airbyte.process import connector_process, send
        from destination_rdstation_crm.destination import DestinationRdstationCrm
        from destination_rdstation_crm.protocol.stdio import WholeLines

    arguments = list(sys.argv[1:] if args is None else args)
    if arguments[:1] == ["--"]:  # some runners end the options of their container engine so, which hands it on
        del arguments[0]
    destination = DestinationRdstationCrm()
    parsed = destination.parse_args(arguments)
    whole_lines = contextlib.redirect_stdout(cast("TextIO", WholeLines(sys.stdout)))
    with connector_process(arguments, destination.stop), whole_lines:
        for message in destination.run_cmd(parsed):
            send(message)


if __name__ == "__main__":
    run()
