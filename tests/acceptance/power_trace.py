"""What a program did with its files and said to others, step by step: its system calls as strace writes them down."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, auto
from pathlib import Path

CALLS = (
    *("openat", "write", "pwrite64", "writev", "pwritev", "lseek", "ftruncate", "fallocate", "copy_file_range"),
    *("fsync", "fdatasync", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat"),
    *("mkdir", "mkdirat", "rmdir", "unlink", "unlinkat", "sendto", "sendmsg"),
)

_LINE = re.compile(r"(\d+) +(.*)")
_WHOLE = re.compile(r"(\w+)\((.*)\) += (-?\d+)(?:<((?:\\x[0-9a-f]{2})+)>(\(deleted\))?)?")
_BEGUN = re.compile(r"(\w+)\((.*) <unfinished \.\.\.>")
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
_FILE = re.compile(r"(\d+)<((?:\\x[0-9a-f]{2})+)>(\(deleted\))?")
_PEER = re.compile(r"\d+<TCP(?:v6)?:\[([^\]]*->[^\]]*)\]>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<((?:\\x[0-9a-f]{2})+)>, )?"((?:\\x[0-9a-f]{2})*)"')


class Kind(StrEnum):
    """What a step does."""

    FILE = auto()
    FOLDER = auto()
    WRITE = auto()
    RESIZE = auto()
    SYNC = auto()
    MOVE = auto()
    LINK = auto()
    REMOVE = auto()
    SEND = auto()
    SAY = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One system call that succeeded.

    ``began`` and ``at`` count lines of the trace: when it was called, and when it counts. What others get to know
    counts from its call, all else from its return. ``new``: the other name of a move or a link. ``offset``: where was
    written, or the new size. For what is sent, ``path`` is ``own address->peer's address``.
    """

    kind: Kind
    began: int
    at: int
    path: str = ""
    new: str = ""
    offset: int = 0
    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    name: str
    arguments: str
    result: int
    opened: str
    began: int
    ended: int


def wrapper(output: Path) -> tuple[str, ...]:
    """The program and options that write down what the command behind them does."""
    form = ("-f", "--seccomp-bpf", "-yy", "-xx", "-s", str(1 << 26))
    return "strace", *form, "-e", f"trace={','.join(CALLS)}", "-e", "signal=none", "-o", str(output)


def trouble() -> str | None:
    """Why nothing can be traced here, None if it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run([*wrapper(Path(os.devnull)), "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()}" if tried.returncode else None


def steps(trace: Path, root: Path) -> list[Step]:
    """What happened at and below ``root``, what was sent, and what was said on standard error; in order.

    That the folder above it was synced is a step, too.

    Raises:
        ValueError: something happened there that is not understood.
    """
    with trace.open() as lines:
        found = list(_Reader(str(root)).read(_calls(lines)))
    return sorted(found, key=lambda step: step.at)


def _calls(lines: Iterable[str]) -> Iterator[_Call]:
    begun: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines):
        matched = _LINE.match(line)
        if matched is None:
            continue
        task, text = matched.groups()
        began = number
        if unfinished := _BEGUN.fullmatch(text):
            begun[task] = number, f"{unfinished[1]}({unfinished[2]}"
            continue
        if resumed := _RESUMED.match(text):
            began, start = begun.pop(task)
            text = start + resumed[2]
        if whole := _WHOLE.match(text):
            name, arguments, result, opened, gone = whole.groups()
            if not result.startswith("-"):
                where = "" if gone or opened is None else _decoded(opened).decode(errors="surrogateescape")
                yield _Call(name=name, arguments=arguments, result=int(result), opened=where, began=began, ended=number)


@dataclass(slots=True)
class _Reader:
    """Turns calls into steps. Where the next write of an open file goes is known by its path and its descriptor.

    Reads are not traced: a write behind a read, without a seek between them, is taken for one in another place. Whoever
    replays the steps compares what they come to with what is there.
    """

    root: str
    _offsets: dict[tuple[str, int], int] = field(default_factory=dict)

    def read(self, calls: Iterable[_Call]) -> Iterator[Step]:
        for call in calls:
            yield from _READERS.get(call.name, _Reader.refused)(self, call)

    def opened(self, call: _Call) -> Iterator[Step]:
        if self._is_ours(call.opened):
            self._offsets[call.opened, call.result] = 0
            if "O_CREAT" in call.arguments:
                yield _step(Kind.FILE, call, call.opened)
            if "O_TRUNC" in call.arguments:
                yield _step(Kind.RESIZE, call, call.opened)

    def sought(self, call: _Call) -> Iterator[Step]:
        descriptor, path = _file(call)
        if self._is_ours(path):
            self._offsets[path, descriptor] = call.result
        return iter(())

    def wrote(self, call: _Call) -> Iterator[Step]:
        descriptor, path = _file(call)
        if peer := _PEER.match(call.arguments):
            yield from self.sent(call, peer[1])
        elif self._is_ours(path):
            offset = self._offsets[path, descriptor]
            self._offsets[path, descriptor] = offset + call.result
            yield _step(Kind.WRITE, call, path, offset=offset, data=_texts(call)[: call.result])
        elif descriptor == 2:
            yield Step(kind=Kind.SAY, began=call.began, at=call.began, data=_texts(call))

    def wrote_at(self, call: _Call) -> Iterator[Step]:
        _, path = _file(call)
        if self._is_ours(path):
            offset = int(call.arguments.rpartition(", ")[2])
            yield _step(Kind.WRITE, call, path, offset=offset, data=_texts(call)[: call.result])

    def resized(self, call: _Call) -> Iterator[Step]:
        _, path = _file(call)
        if self._is_ours(path):
            yield _step(Kind.RESIZE, call, path, offset=int(call.arguments.rpartition(", ")[2]))

    def synced(self, call: _Call) -> Iterator[Step]:
        _, path = _file(call)
        # The name of what is watched is in the folder above.
        if self._is_ours(path) or path == str(Path(self.root).parent):
            yield _step(Kind.SYNC, call, path)

    def made_folder(self, call: _Call) -> Iterator[Step]:
        return self._named(Kind.FOLDER, call)

    def removed(self, call: _Call) -> Iterator[Step]:
        return self._named(Kind.REMOVE, call)

    def moved(self, call: _Call) -> Iterator[Step]:
        return self._named(Kind.MOVE, call)

    def linked(self, call: _Call) -> Iterator[Step]:
        return self._named(Kind.LINK, call)

    def _named(self, kind: Kind, call: _Call) -> Iterator[Step]:
        first, *rest = _paths(call)
        if any(self._is_ours(path) for path in (first, *rest)):
            yield _step(kind, call, first, new=rest[0] if rest else "")

    def sent(self, call: _Call, peer: str | None = None) -> Iterator[Step]:
        matched = _PEER.match(call.arguments)
        where = peer or (matched[1] if matched else "")
        if where:
            yield Step(kind=Kind.SEND, began=call.began, at=call.began, path=where, data=_texts(call))

    def refused(self, call: _Call) -> Iterator[Step]:
        if any(self._is_ours(path) for path in (_file(call)[1], *_paths(call))):
            raise ValueError(f"line {call.ended}: what {call.name} does is not simulated")
        return iter(())

    def _is_ours(self, path: str) -> bool:
        return path == self.root or path.startswith(f"{self.root}/")


_READERS: dict[str, Callable[[_Reader, _Call], Iterator[Step]]] = {
    "openat": _Reader.opened,
    "lseek": _Reader.sought,
    **dict.fromkeys(("write", "writev"), _Reader.wrote),
    "pwrite64": _Reader.wrote_at,
    "ftruncate": _Reader.resized,
    **dict.fromkeys(("fsync", "fdatasync"), _Reader.synced),
    **dict.fromkeys(("mkdir", "mkdirat"), _Reader.made_folder),
    **dict.fromkeys(("rmdir", "unlink", "unlinkat"), _Reader.removed),
    **dict.fromkeys(("rename", "renameat", "renameat2"), _Reader.moved),
    **dict.fromkeys(("link", "linkat"), _Reader.linked),
    **dict.fromkeys(("sendto", "sendmsg"), _Reader.sent),
}


def _step(kind: Kind, call: _Call, path: str, *, new: str = "", offset: int = 0, data: bytes = b"") -> Step:
    return Step(kind=kind, began=call.began, at=call.ended, path=path, new=new, offset=offset, data=data)


def _file(call: _Call) -> tuple[int, str]:
    """The descriptor that a call is about, and its path; "" for what has none, or has none any more."""
    matched = _FILE.match(call.arguments)
    if matched is None:
        return int(re.match(r"\d*", call.arguments)[0] or -1), ""  # type: ignore[index]  # it matches nothing, too
    return int(matched[1]), "" if matched[3] else _decoded(matched[2]).decode(errors="surrogateescape")


def _paths(call: _Call) -> Sequence[str]:
    return [
        str(Path(*(_decoded(part or "").decode(errors="surrogateescape") for part in found.groups())))
        for found in _PATH.finditer(call.arguments)
    ]


def _texts(call: _Call) -> bytes:
    return b"".join(_decoded(text) for text in _TEXT.findall(call.arguments))


def _decoded(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
