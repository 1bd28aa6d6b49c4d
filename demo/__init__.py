"""From RD Station to DuckDB with PyAirbyte: `sync` for a real account, `demo` for an emulated one.

`sync` runs in .venv-demo (PyAirbyte needs Python <3.13 and versions that the connector does not); connector, emulator
and `demo` run in .venv. They meet as processes only: the connector is used as Airbyte uses it, over stdout.
"""

from __future__ import annotations
