"""What the sources share towards the platform: the engine, states, slices, settings, records on their way out.

Only the sources' packages import it. The rest of `rdstation` knows no stream and no catalog.
"""

from __future__ import annotations
