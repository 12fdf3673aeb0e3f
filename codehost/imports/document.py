"""A configuration document to begin with."""

import json
from collections.abc import Sequence

from codehost.model.codehosts import DEFAULT_REQUESTS_PER_HOUR
from codehost.model.texts import printable

_DOCUMENT = """\
{{
  // Mirrors that speak the simple repository API, asked in this order.
{warnings}  "urls": ["https://pypi.org/simple"],

  // The releases to make searchable, one each.
  "dependencies": {dependencies},

  // At most so many requests in any hour: pages, redirects, retries and downloads count. This is the default.
  // "rateLimit": {{ "enabled": true, "requestsPerHour": {requests} }},
}}
"""


def new_document(lines: Sequence[str], warnings: Sequence[object] = ()) -> str:
    """A document (JSON with comments) that pins ``lines``, in their order, and asks PyPI.

    ``warnings`` stand above ``urls`` as comments, one line each.
    """
    entries = "".join(f"    {json.dumps(line, ensure_ascii=False)},\n" for line in lines)
    dependencies = f"[\n{entries}  ]" if entries else "[]"
    said = "".join(f"  // {printable(str(warning))}\n" for warning in warnings)
    return _DOCUMENT.format(warnings=said, dependencies=dependencies, requests=DEFAULT_REQUESTS_PER_HOUR)
