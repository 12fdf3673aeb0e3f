"""The files that git reads from a tree, in hundreds of forms: git complains of none that is published."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from codehost.model.members import Member
from codehost.pack.gitfiles import is_harmless
from tests.git.reading import fsck
from tests.git.test_hostile_names import complaints, publish
from tests.pack.members import directory, file, hardlink, symlink

MODULES = (
    b'[submodule "lib/a"]\n\tpath = lib/a\n\turl = https://example.com/a/b.git\n',
    b'# one\r\n[submodule "b"]\r\n\turl=git@example.com:a/b.git\r\n\tpath=lib/b\r\n\tbranch = main\r\n',
    b'[submodule "c"]\nurl = ssh://git@example.com:22/a\nshallow = true\nignore = dirty\n; end\n',
    b'[core]\n\tx = y\n[submodule "d"]\n\tpath = "-x"\n\turl = ../d\n\tupdate = !sh\n',
)
PIECES = (
    *(
        b"[submodule",
        b'"',
        b"]",
        b"[",
        b"\n",
        b"\r",
        b"\r\n",
        b"\t",
        b" ",
        b"\\",
        b"\\\n",
        b"=",
        b"#",
        b";",
        b"\0",
        b"\xff",
    ),
    *(
        b"path",
        b"url",
        b"update",
        b"-x",
        b"--upload-pack=x",
        b"!sh",
        b"..",
        b"../",
        b"/..",
        b"./",
        b"%0a",
        b"%2e%2e",
        b":",
    ),
    *(
        b"https://",
        b"http::",
        b"ext::sh -c x",
        b"file://",
        b"ssh://-x/",
        b"git@",
        b"@",
        b"https:///",
        b"\xef\xbb\xbf",
        b"~",
    ),
    *(
        b'[submodule "../x"]\n',
        b'[submodule "x/../y"]\n',
        b'[submodule ""]\n',
        b"path = -x\n",
        b"url = -x\n",
        b"\x0b",
        b"\x0c",
    ),
    *(
        b"url = https://a/%0ahost\n",
        b"update = !x\n",
        b"a" * 3000,
        b"[submodule.x]\n",
        b"\x1b",
        b"\x85",
        b"url\n",
        b"path\n",
    ),
)
ATTRIBUTES = (
    b"*.txt text\n*.dat binary\n",
    b"* " + b"a" * 2045 + b"\n",
    b"x" * 2047,
    b"x" * 2048 + b"\n*",
    b"\n" * 3000,
)
NAMES = (
    *(
        b".gitmodules",
        b".GITMODULES",
        b".gitmodules ",
        b".gitmodules::$DATA",
        b".gitmodules\xff",
        b"gitmod~1",
        b"GI7EBA~1",
    ),
    *(".git\u200cmodules".encode(), ".gitmodule\u017f".encode(), b".gitmodule\xc1\xb3", b".gitmodules.", b"~1000000"),
)


def mutated(source: random.Random, text: bytes) -> bytes:
    for _ in range(source.choice((1, 1, 1, 2))):
        at, end = sorted(source.choices(range(len(text) + 1), k=2))
        end = source.choice((at, at, min(end, at + 3)))
        text = text[:at] + source.choice(PIECES) + text[end:]
    return text


def modules(seed: int, number: int) -> Iterator[bytes]:
    source = random.Random(seed)
    for _ in range(number):
        yield mutated(source, source.choice(MODULES))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_published_submodules_are_refused(tmp_path: Path, seed: int) -> None:
    texts = sorted(set(modules(seed, 2000)))
    members = [file(b"p/%d/.gitmodules" % number, text) for number, text in enumerate(texts)]
    report = publish(tmp_path / "r.git", [*members, file(b"p/setup.py")])
    assert complaints(tmp_path / "r.git") == ""
    assert report.files == 1 + sum(is_harmless(".gitmodules", text) for text in texts)
    assert min(report.files, report.skipped) > 100


def test_no_alias_smuggles_them_in(tmp_path: Path) -> None:
    bad = b'[submodule "../x"]\n\turl = -x\n'
    members = [
        member
        for number, name in enumerate(NAMES)
        for path in (b"p/%d/" % number,)
        for member in (
            file(path + b"file/" + name, bad),
            file(path + b"dir/" + name + b"/f"),
            directory(path + b"empty/" + name),
            symlink(path + b"link/" + name, b"f"),
            hardlink(path + b"hard/" + name, path + b"innocent"),
            file(path + b"innocent", bad),
            hardlink(path + b"later/" + name, path + b"innocent"),
            symlink(path + b"innocent-link", b"f"),
            hardlink(path + b"hard-link/" + name, path + b"innocent-link"),
        )
    ]
    report = publish(tmp_path / "r.git", members)
    assert complaints(tmp_path / "r.git") == ""
    assert (report.files, report.skipped) == (2 * len(NAMES), 6 * len(NAMES))


def test_attributes_of_every_length(tmp_path: Path) -> None:
    members: list[Member] = [file(b"p/%d/.gitattributes" % number, text) for number, text in enumerate(ATTRIBUTES)]
    members += [file(b"p/%d/.GitAttributes " % number, text) for number, text in enumerate(ATTRIBUTES)]
    report = publish(tmp_path / "r.git", members)
    assert fsck(tmp_path / "r.git") == ""
    assert (report.files, report.skipped) == (8, 2)
