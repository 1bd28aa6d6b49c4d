"""Which stream of the catalog a message speaks of: not every platform repeats the catalog's namespace."""

from __future__ import annotations

from collections.abc import Collection

from airbyte_rdstation.client.errors import config_error
from airbyte_rdstation.invisible import shown
from destination_rdstation_crm.row import StreamKey

__all__ = ["known_stream"]


def known_stream(named: StreamKey, streams: Collection[StreamKey]) -> StreamKey | None:
    """The catalog's stream; None where it has none of that name.

    A namespace on one side only is no difference where the name tells the stream; a config error where it does not.
    """
    if named in streams:
        return named
    name, namespace = named
    alike = [stream for stream in streams if stream[0] == name]
    if len(alike) == 1 and None in (namespace, alike[0][1]):
        return alike[0]
    if not alike:
        return None
    raise config_error(
        f"The platform sends messages of stream `{shown(name)}` {_placed(namespace)}, but the catalog names that "
        f"stream {' and '.join(_placed(known) for _, known in alike)}. Refresh the connection's schema, so that both "
        "name the same namespace."
    )


def _placed(namespace: str | None) -> str:
    return "without a namespace" if namespace is None else f"in the namespace `{shown(namespace)}`"
