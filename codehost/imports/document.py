"""A configuration document to begin with."""

import json
from collections.abc import Sequence

from codehost.model.codehosts import DEFAULT_REQUESTS_PER_HOUR

_DOCUMENT = """\
{{
  // Mirrors that speak the simple repository API, asked in this order.
  "urls": ["https://pypi.org/simple"],

  // The releases to make searchable, one each.
  "dependencies": {dependencies},

  // At most so many requests in any hour: pages, redirects, retries and downloads count. This is the default.
  // "rateLimit": {{ "enabled": true, "requestsPerHour": {requests} }},
}}
"""


def new_document(lines: Sequence[str]) -> str:
    """A document (JSON with comments) that pins ``lines``, in their order, and asks PyPI."""
    entries = "".join(f"    {json.dumps(line, ensure_ascii=False)},\n" for line in lines)
    dependencies = f"[\n{entries}  ]" if entries else "[]"
    return _DOCUMENT.format(dependencies=dependencies, requests=DEFAULT_REQUESTS_PER_HOUR)
