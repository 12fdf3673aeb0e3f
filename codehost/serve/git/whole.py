"""The short way: a clone of a repository whose one pack is the answer, without a process. Pure.

Our repositories have one commit and one pack of whole objects, which holds what the commit needs and nothing else. Who
asks for that commit, has nothing and wants nothing left out gets the file as it lies on the disk, as git itself would
send it. Everything else, and whatever is not plain, goes to git.
"""

from codehost.reading.whole import WholePack
from codehost.serve.git.protocol import FLUSH, Request, packet

PACKFILE = packet(b"packfile\n")

_PREFIX = b"ref-prefix "
_WANT = b"want "
# gitprotocol-v2, fetch: what changes nothing about the answer. ofs-delta: nobody knows who repacked.
_HARMLESS = frozenset({b"thin-pack", b"no-progress", b"include-tag", b"ofs-delta"})
_NEEDED = frozenset({b"ofs-delta", b"done"})


def list_references(repository: WholePack, request: Request) -> bytes | None:
    """The answer to ``ls-refs``; None if the request is another one, or not plain."""
    if request.command != b"ls-refs" or not _is_plain(request):
        return None
    prefixes = tuple(a.removeprefix(_PREFIX) for a in request.arguments if a.startswith(_PREFIX))
    others = {argument for argument in request.arguments if not argument.startswith(_PREFIX)}
    if others - {b"peel", b"symrefs", b"unborn"}:
        return None
    target = b" symref-target:" + repository.head if b"symrefs" in others else b""
    lines = [(b"HEAD", target), *((name, b"") for name in repository.references)]
    # gitprotocol-v2: without a prefix all are shown.
    shown = (pair for pair in lines if not prefixes or pair[0].startswith(prefixes))
    return b"".join(packet(b"%s %s%s\n" % (repository.commit, *pair)) for pair in shown) + FLUSH


def is_clone(repository: WholePack, request: Request) -> bool:
    """Whether the whole pack, and nothing before it, is the answer."""
    if request.command != b"fetch" or not _is_plain(request):
        return False
    wants = {argument.removeprefix(_WANT) for argument in request.arguments if argument.startswith(_WANT)}
    others = {argument for argument in request.arguments if not argument.startswith(_WANT)}
    return wants == {repository.commit} and _NEEDED <= others <= _HARMLESS | _NEEDED


def _is_plain(request: Request) -> bool:
    return all(one == b"object-format=sha1" or one.startswith(b"agent=") for one in request.capabilities)
