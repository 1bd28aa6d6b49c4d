"""CRM API v1 as its fact sheet (`docs/api/crm-v1.md`) describes it, reading only.

Marks in this room are that sheet's.

It shows the account of `data`, the same rows that v2 shows. A list request goes through `routes`, `parameters`,
`filters`, `selection` and `listing`; how a record looks is in the `form_…` files.
"""

from __future__ import annotations
