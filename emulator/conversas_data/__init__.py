"""The invented account of RD Station Conversas: contacts with their messages, reports, and the short lists.

Made from a size and a seed when first asked for; tests of the CRM pay nothing for it. Marks in this room are
those of `docs/api/conversas.md`.
"""

from __future__ import annotations
