"""RD Station CRM API v2 and its OAuth endpoint, as the sheet `docs/api/crm-v2.md` describes them."""

from __future__ import annotations
