"""RD Station CRM as an Airbyte destination: tables into contacts, deals and organizations."""

from __future__ import annotations
