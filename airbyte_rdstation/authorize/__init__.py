"""`rdstation-authorize`: from an application's credentials and a user's consent to a ready configuration.

Once per connection, by a person at a terminal; the connectors never import it.
"""

from __future__ import annotations
