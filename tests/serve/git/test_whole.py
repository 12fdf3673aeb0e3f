"""The short way's answers against those of git itself."""

import os
import subprocess
from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory
from codehost.reading.store import read_whole_pack
from codehost.reading.whole import WholePack
from codehost.serve.git.environment import command, environment
from codehost.serve.git.protocol import DELIMITER, FLUSH, packet, parse_request
from codehost.serve.git.whole import is_clone, list_references
from tests.serve.git.serving import make_repository

NAME = "python/six/1.0"

LISTINGS = [
    [],
    [b"symrefs"],
    [b"peel", b"symrefs", b"unborn"],
    [b"peel", b"symrefs", b"ref-prefix HEAD", b"ref-prefix refs/heads/", b"ref-prefix refs/tags/"],
    [b"ref-prefix refs/tags/v"],
    [b"ref-prefix refs/heads/latest", b"ref-prefix refs/heads/latest"],
    [b"ref-prefix "],
    [b"ref-prefix none"],
    [b"symrefs", b"ref-prefix H"],
]

WANTED = b"want COMMIT"
FETCHES = [
    (True, [b"thin-pack", b"no-progress", b"include-tag", b"ofs-delta", WANTED, b"done"]),
    (True, [b"ofs-delta", WANTED, WANTED, b"done"]),
    (False, [b"thin-pack", WANTED, b"done"]),
    (False, [b"ofs-delta", WANTED]),
    (False, [b"ofs-delta", b"done"]),
    (False, [b"ofs-delta", b"want " + b"1" * 40, b"done"]),
    (False, [b"ofs-delta", WANTED, b"want " + b"1" * 40, b"done"]),
    (False, [b"ofs-delta", WANTED, b"have " + b"1" * 40, b"done"]),
    (False, [b"ofs-delta", WANTED, b"deepen 1", b"done"]),
    (False, [b"ofs-delta", WANTED, b"filter blob:none", b"done"]),
    (False, [b"ofs-delta", WANTED, b"shallow COMMIT", b"done"]),
    (False, [b"ofs-delta", WANTED, b"sideband-all", b"done"]),
    (False, [b"ofs-delta", WANTED, b"wait-for-done", b"done"]),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = DataDirectory(tmp_path_factory.mktemp("data"))
    make_repository(data, NAME)
    return data.repository(NAME)


@pytest.fixture(scope="module")
def whole(path: Path) -> WholePack:
    found = read_whole_pack(path)
    assert found is not None
    return found


def body(name: bytes, arguments: list[bytes], capabilities: tuple[bytes, ...] = (b"object-format=sha1",)) -> bytes:
    head = b"".join(packet(one + b"\n") for one in (b"command=" + name, *capabilities))
    return head + DELIMITER + b"".join(packet(one + b"\n") for one in arguments) + FLUSH


def asked(path: Path, data: bytes) -> bytes:
    arguments = command("git", path, advertise=False, seconds=10)
    variables = environment(os.environ["PATH"], path, 2)
    return subprocess.run(arguments, input=data, env=variables, capture_output=True, check=True).stdout


@pytest.mark.parametrize("arguments", LISTINGS)
def test_references_are_listed_as_git_lists_them(path: Path, whole: WholePack, arguments: list[bytes]) -> None:
    data = body(b"ls-refs", arguments)
    request = parse_request(data)
    assert request is not None
    assert list_references(whole, request) == asked(path, data)


@pytest.mark.parametrize(
    "data",
    [
        body(b"ls-refs", [b"unknown"]),
        body(b"ls-refs", [], (b"object-format=sha256",)),
        body(b"ls-refs", [], (b"server-option=x",)),
        body(b"object-info", [b"size"]),
        body(b"fetch", []),
    ],
)
def test_other_listings_are_left_to_git(whole: WholePack, data: bytes) -> None:
    request = parse_request(data)
    assert request is not None
    assert list_references(whole, request) is None


@pytest.mark.parametrize(("clone", "arguments"), FETCHES)
def test_what_a_clone_is(whole: WholePack, clone: bool, arguments: list[bytes]) -> None:  # noqa: FBT001 - a case
    request = parse_request(body(b"fetch", [one.replace(b"COMMIT", whole.commit) for one in arguments]))
    assert request is not None
    assert is_clone(whole, request) == clone


def test_the_pack_on_the_disk_holds_what_git_would_send(path: Path, whole: WholePack, tmp_path: Path) -> None:
    said = asked(path, body(b"fetch", [b"no-progress", b"ofs-delta", b"want " + whole.commit, b"done"]))
    assert said.startswith(b"000dpackfile\n")
    sent = b""
    said = said[13:]
    while said != FLUSH:
        length = int(said[:4], 16)
        sent += said[5:length] if said[4:5] == b"\x01" else b""
        said = said[length:]
    (tmp_path / "sent.pack").write_bytes(sent)
    objects = [_objects(pack, tmp_path / name) for name, pack in (("a", tmp_path / "sent.pack"), ("b", whole.pack))]
    assert objects[0] == objects[1]


def _objects(pack: Path, index: Path) -> set[str]:
    subprocess.run(["git", "index-pack", "-o", str(index), str(pack)], check=True, capture_output=True)
    with index.open("rb") as file:
        shown = subprocess.run(["git", "show-index"], stdin=file, check=True, capture_output=True, text=True).stdout
    return {line.split()[1] for line in shown.splitlines()}
