"""From columns to fields: what a stream's rows become, what of it differs from a record, and how it is found.

No HTTP and no clock: all decisions here follow from what is handed in.
"""

from __future__ import annotations
