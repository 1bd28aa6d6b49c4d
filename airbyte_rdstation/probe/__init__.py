"""`rdstation-probe`: asks a real account what the documents leave open, and tells what the connectors make of it.

Its questions are the rows of "Unknowns" in docs/api. No connector imports it.
"""

from __future__ import annotations
