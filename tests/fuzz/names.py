"""Names that no repository may hold, by rules written here anew: the program's own are what is on trial."""

import re

# What HFS+ passes over when it compares names; git lists the same.
_IGNORED = {*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF}
_DRIVE = re.compile(rb"^[a-zA-Z]:")
_LONGEST = 255

HOSTILE: tuple[bytes, ...] = (
    b".git",
    b".git/config",
    b"p/.git/hooks/post-checkout",
    b".GiT/config",
    b"git~1/config",
    b"GIT~1",
    b".git /config",
    b".git./config",
    b".git...",
    b".git::$INDEX_ALLOCATION/config",
    b".git:x",
    ".g\u200cit/config".encode(),
    "p/.gi\u206ft".encode(),
    "\ufeff.git/config".encode(),
    b".gitmodules",
    b"GITMOD~1",
    b"p/.gitattributes/x",
    b".gitmodules/x",
    b".mailmap",
    b"..",
    b"../out",
    b"p/../../out",
    b"p/./../..",
    b"./../out",
    b"p/..",
    b"/etc/passwd",
    b"//etc/passwd",
    b"C:/out",
    b"p/C:/out",
    b"C:out",
    b"..\\out",
    b"\\\\host\\share",
    b"p\\..\\..\\out",
    b"p/\0hidden",
    b"p/x.py\0",
    b"p\n/x",
    b"p/\x1b[2Jx",
    b"p/\x7f",
    b"",
    b"/",
    b".",
    b"./",
    b"./x.py",
    b"p//x.py",
    b"p/./x.py",
    b"p/x.py/",
    b"p/x.py/y",
    b"p",
    b"p/",
    b"n" * 300,
    b"p/" + b"n" * 255,
    b"p/" + b"n" * 256,
    b"d/" * 150 + b"x",
    b"d/" * 99 + b"x",
    b"/".join([b"l" * 250] * 20),
    b"p/\xff\xfe.py",
    b"p/\xc0\xae\xc0\xae/x",
    "p/\u00e9.py".encode(),
    "p/e\u0301.py".encode(),
    "p/\u00e9.py".encode("latin-1"),
    b"p/aux",
    b"p/con.txt",
    b"p/trailing ",
    b"p/trailing.",
    b" ",
    b"p/X.PY",
    b"p/x.py",
    b"HEAD",
    b"refs/heads/latest",
    b"p/link/x.py",
)

TARGETS: tuple[bytes, ...] = (
    b"x.py",
    b"p/x.py",
    b"./x.py",
    b"../x.py",
    b"../../x.py",
    b"..",
    b".",
    b"",
    b"/etc/passwd",
    b"p/../../../etc/passwd",
    b"link/../../x",
    b"nowhere",
    b".git/config",
    b"../.git/config",
    b"..\\x",
    b"a\0b",
    b"t" * 5000,
    b"p",
    b"../p/x.py",
)


def fault_of(path: bytes) -> str | None:
    """What is wrong with a path in a repository, None for a safe one."""
    if len(path) > 4096:
        return "a path of more than 4,096 bytes"
    for component in path.split(b"/"):
        fault = _fault(component)
        if fault is not None:
            return f"{fault} in {path!r}"
    return None


def _fault(component: bytes) -> str | None:
    if component in {b"", b".", b".."}:
        return "an empty or relative component"
    if len(component) > _LONGEST:
        return "a component that no file system stores"
    if any(byte < 0x20 or byte in {0x7F, 0x5C} for byte in component):
        return "a control character or backslash"
    if _DRIVE.match(component):
        return "a drive"
    text = component.decode("utf-8", "surrogateescape")
    bare = "".join(char for char in text if ord(char) not in _IGNORED).casefold()
    if bare.split(":")[0].rstrip(" .") in {".git", "git~1"}:
        return "an alias of .git"
    return None


def leaves(paths: dict[bytes, bytes | None], link: bytes, target: bytes) -> bool:
    """Whether following ``link`` may lead out of the tree.

    ``paths``: every path of the repository; a symbolic link's has its target.
    """
    if not target or target.startswith(b"/") or b"\0" in target or b"\\" in target:
        return True
    at = link.split(b"/")[:-1]
    left = target.split(b"/")
    for _ in range(200):
        if not left:
            return False
        step = left.pop(0)
        if step in {b"", b"."}:
            continue
        if step != b"..":
            at.append(step)
            onward = paths.get(b"/".join(at))
            if onward is not None:
                at.pop()
                left = onward.split(b"/") + left
                if onward.startswith(b"/"):
                    return True
        elif not at:
            return True
        else:
            at.pop()
    return False  # a loop: no system follows it
