"""What a source or a destination needs towards the platform: process, engine, partitions, states, records on their way.

The other rooms of `airbyte_rdstation` know no stream and no catalog.
"""

from __future__ import annotations
