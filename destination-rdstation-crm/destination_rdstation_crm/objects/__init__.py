"""What a contact, a deal and an organization are, as data: fields, their form on the wire, and how values compare."""

from __future__ import annotations
