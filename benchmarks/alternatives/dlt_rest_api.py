"""dlt's `rest_api` source. Its home is a pipeline into a database; here its resource is read as it is."""

from __future__ import annotations

import sys

from dlt.common.json import json
from dlt.sources.rest_api import rest_api_source


def main(base_url: str) -> None:
    """Prints every record as a JSON line."""
    source = rest_api_source(
        {
            "client": {
                "base_url": f"{base_url}/crm/v2/",
                "paginator": {
                    "type": "page_number",
                    "base_page": 1,
                    "page_param": "page[number]",
                    "total_path": None,
                },
            },
            "resources": [
                {
                    "name": "contacts",
                    "endpoint": {
                        "path": "contacts",
                        "params": {"page[size]": 200, "sort[created_at]": "asc"},
                        "data_selector": "data",
                    },
                }
            ],
        }
    )
    for record in source.resources["contacts"]:
        sys.stdout.buffer.write(json.dumpb(record) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
