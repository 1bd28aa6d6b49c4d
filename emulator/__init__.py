"""An emulator of RD Station's APIs for tests: real HTTP on loopback, strict where the API is, every unknown a switch.

Written from the fact sheets alone, never from a connector's code: an emulator that learned from the connector would
agree with its mistakes. Marks in comments ([doc], [seen], [guess]) are those of the sheets, which lie in `docs/api`:
`crm-v2.md#keyset` is a heading of `docs/api/crm-v2.md`.

Rooms: `crm_v2` and `crm_v1` speak the CRM's two APIs; a further API is a room beside them, wired in `server`. `data`
invents the one account that both of them show, and keeps it. `conversas` speaks the API of RD Station Conversas, whose
account `conversas_data` invents. What lies directly here knows no API: transport, faults, rate limit, request log,
control plane and the `client` that tests use. One thread runs everything, so whatever happens between two
awaits is atomic.
"""

from __future__ import annotations
