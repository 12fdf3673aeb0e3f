"""An environment for git in which nothing of the machine's or the user's own settings counts. Pure."""

from collections.abc import Mapping

# A directory that can never be there, so nothing in it is ever read.
_NO_HOME = "/dev/null"


def isolated(search_path: str, settings: Mapping[str, str], *, protocols: str) -> dict[str, str]:
    """The whole environment of a git.

    Args:
        search_path: where programs are.
        settings: git's configuration, by key. It is read last, so that it holds whatever a repository's own says, and
            stands in no argument, for others see those.
        protocols: the transports that git may use, with colons between them; "" for none.
    """
    variables = {
        "PATH": search_path,
        "HOME": _NO_HOME,
        "XDG_CONFIG_HOME": _NO_HOME,
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
