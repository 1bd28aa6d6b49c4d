"""What the three connectors share. It imports no connector.

`client` speaks with RD Station over HTTP, `pagination` decides which page to ask for next, `airbyte` is what a source
or a destination needs towards the platform; `authorize` and `probe` are commands for a person at a terminal. `start_up`
is what a command does before it imports any of them.
"""
