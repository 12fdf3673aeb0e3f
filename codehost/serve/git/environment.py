"""How git is run for strangers: which command, and in which environment. Pure.

Nothing of the server's own environment reaches git but where programs are. What a setting below says holds whatever
the repository's own configuration says: git reads it last, and as protected configuration.
"""

from pathlib import Path

from codehost.model.isolation import isolated

_SETTINGS = {
    # git-upload-pack(1): what clients may leave out, and that they may ask only for what is offered.
    "uploadpack.allowFilter": "true",
    "uploadpack.allowTipSHA1InWant": "false",
    "uploadpack.allowReachableSHA1InWant": "false",
    "uploadpack.allowAnySHA1InWant": "false",
    "uploadpack.allowRefInWant": "false",
    # A filter that is a file of the repository (sparse:oid) is work without bounds.
    "uploadpackfilter.allow": "false",
    "uploadpackfilter.blob:none.allow": "true",
    "uploadpackfilter.blob:limit.allow": "true",
    "uploadpackfilter.tree.allow": "true",
    "uploadpackfilter.object:type.allow": "true",
    # Nothing is executed but git, nothing is fetched from elsewhere, nothing is written.
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",
    "core.attributesFile": "/dev/null",
    "core.alternateRefsCommand": "false",
    "protocol.allow": "never",
    "gc.auto": "0",
    "maintenance.auto": "false",
    # Objects in these packs are whole: looking for deltas costs much and gains nothing for what is read once.
    "pack.threads": "1",
    "pack.window": "0",
}


def command(git: str, repository: Path, *, advertise: bool, seconds: float) -> list[str]:
    """The command that serves one request; git ends itself after so many seconds in which nothing moves."""
    how = ["--stateless-rpc", "--strict", f"--timeout={max(1, round(seconds))}"]
    # An alias of --http-backend-info-refs that older versions know, too.
    return [git, "upload-pack", *how, *(["--advertise-refs"] if advertise else []), str(repository)]


def environment(search_path: str, repository: Path, version: int) -> dict[str, str]:
    """The whole environment of a git that serves this repository in this version of the protocol."""
    settings = {"safe.directory": str(repository), **_SETTINGS}
    variables = isolated(search_path, settings, protocols="")
    if version:
        variables["GIT_PROTOCOL"] = f"version={version}"
    return variables
