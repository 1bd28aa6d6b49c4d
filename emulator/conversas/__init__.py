"""The API of RD Station Conversas as its fact sheet describes it.

Marks here are of `docs/api/conversas.md`.

A call goes through `routes` (bucket, route, token, plan) to `lists`, `reports`, `campaigns`, `analytics` or `history`.
A page of history is spoiled as the server spoils it in `plaintext` and encrypted in `sealing`.
"""

from __future__ import annotations
