"""What a repository may be called, and where git finds it. Pure: nothing here looks at a disk.

A name is what ``repositoryPathPattern`` can produce, and nothing else: parts of letters, digits and ``. _ + - !`` that
start with neither a dot nor a dash. (A version's epoch brings the ``!``, a local version the ``+``.) Every such name
stays below the root whatever file system it is looked up on; any other is no name.
"""

import re
from urllib.parse import quote

PREFIX = "/git/"
SUFFIX = ".git"

# Names of files may have 255 bytes, and SUFFIX is added to the last.
_MOST_IN_A_PART = 250

_PART = re.compile(r"(?![.-])[A-Za-z0-9._+!-]+(?<!\.)\Z")
# RFC 3986, section 3.3: of what names hold, nothing needs an escape in a path.
PLAIN = "/+!"


def is_repository_name(name: str) -> bool:
    """Whether it can be a repository's name."""
    return all(map(_is_part, name.split("/")))


def clone_path(repository: str) -> str:
    """Where git finds a repository, below the server's own root."""
    return f"{PREFIX}{quote(repository, safe=PLAIN)}{SUFFIX}"


def _is_part(part: str) -> bool:
    if len(part) > _MOST_IN_A_PART or _PART.match(part) is None:
        return False
    # No pattern gives a part this ending; PEP 440 lets a local version have it: 1.0+x.git
    return not part.endswith(SUFFIX) or "+" in part
