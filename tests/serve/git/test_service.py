"""The service judged by clients: real git, dulwich, and bare requests."""

import gzip
import http.client
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from dulwich import porcelain
from dulwich.repo import Repo

from codehost.model.datadir import DataDirectory
from codehost.serve.git.protocol import DELIMITER, FLUSH, packet
from codehost.serve.git.refusing import REQUEST_TYPE
from tests.serve.git.serving import HOST, Serving, git, make_repository, serving
from tests.serve.git.storm import storm

NAME = "python/six/1.0"
LARGE = "python/large/1!2.0+x.git"
HASHES = 40


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    data = DataDirectory(tmp_path_factory.mktemp("data"))
    make_repository(data, NAME)
    make_repository(data, LARGE, files=30, size=100_000)
    return data


@pytest.fixture(scope="module")
def server(data: DataDirectory) -> Iterator[Serving]:
    with serving(data) as server:
        yield server


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("name", [NAME, LARGE])
@pytest.mark.parametrize("options", [(), ("--bare",), ("--depth", "1"), ("--mirror",), ("--single-branch",)])
def test_clones(
    server: Serving, data: DataDirectory, home: Path, name: str, options: tuple[str, ...], version: int
) -> None:
    cloned = git(home, "-c", f"protocol.version={version}", "clone", *options, server.url(name), "out")
    assert (cloned.returncode, cloned.stderr.count("\n")) == (0, 1), cloned.stderr
    for query in (("rev-parse", "HEAD^{commit}"), ("ls-tree", "-r", "HEAD"), ("rev-parse", "v1")):
        assert git(home / "out", *query).stdout == git(data.repository(name), *query).stdout != ""
    assert git(home / "out", "fsck", "--strict").returncode == 0
    last = server.served[-1]
    assert (last.repository, last.version, last.status, last.ending) == (name, version, 200, None)
    assert last.way == ("pack" if version == 2 and "--depth" not in options else "git")


def test_a_partial_clone_fetches_the_rest_later(server: Serving, home: Path) -> None:
    cloned = git(home, "clone", "--no-checkout", "--filter=blob:none", server.url(NAME), "out")
    assert (cloned.returncode, cloned.stderr) == (0, "Cloning into 'out'...\n")
    missing = git(home / "out", "rev-list", "--objects", "--all", "--missing=print").stdout
    assert missing.count("\n?") == 5
    assert git(home / "out", "checkout").returncode == 0
    assert len(list((home / "out").glob("*.py"))) == 5


@pytest.mark.parametrize("version", [0, 2])
def test_a_second_fetch_finds_nothing_new(server: Serving, home: Path, version: int) -> None:
    assert git(home, "clone", server.url(NAME), "out").returncode == 0
    fetched = git(home / "out", "-c", f"protocol.version={version}", "fetch", "--tags")
    assert (fetched.returncode, fetched.stderr) == (0, "")


@pytest.mark.parametrize("version", [0, 1, 2])
def test_listing(server: Serving, home: Path, version: int) -> None:
    listed = git(home, "-c", f"protocol.version={version}", "ls-remote", "--symref", server.url(NAME))
    names = [line.split("\t")[1] for line in listed.stdout.splitlines()]
    assert names == ["HEAD", "HEAD", "refs/heads/latest", "refs/tags/v1"]


@pytest.mark.parametrize("version", [0, 2])
def test_dulwich(server: Serving, data: DataDirectory, tmp_path: Path, version: int) -> None:
    cloning = porcelain.clone(server.url(NAME), str(tmp_path / "out"), protocol_version=version)
    with cloning as cloned, Repo(str(data.repository(NAME))) as original:
        assert cloned.head() == original.head()
        assert set(cloned.object_store) == set(original.object_store)


@pytest.mark.parametrize("version", [0, 2])
def test_what_is_not_in_the_repository_is_refused(
    server: Serving, data: DataDirectory, home: Path, version: int
) -> None:
    # That of another repository is none of this one.
    other = git(data.repository(LARGE), "rev-parse", "HEAD").stdout.strip()
    assert git(home, "init", "out").returncode == 0
    for missing in ("1" * HASHES, other):
        fetched = git(home / "out", "-c", f"protocol.version={version}", "fetch", server.url(NAME), missing)
        assert fetched.returncode != 0
        assert "not our ref" in fetched.stderr or "does not allow request" in fetched.stderr
        # git's own client asks for nothing that was not offered; others may.
        wanted = packet(b"want " + missing.encode() + b" side-band-64k ofs-delta\n")
        body = command(b"fetch", b"want " + missing.encode(), b"done") if version else wanted + FLUSH + packet(b"done")
        said = ask(server, "POST", target(server, UPLOAD), body, TYPE | {"Git-Protocol": f"version={version}"})[2]
        assert said == packet(b"ERR upload-pack: not our ref " + missing.encode())


def test_what_a_person_reads(server: Serving, home: Path) -> None:
    missing = git(home, "clone", server.url("python/none/1.0"))
    assert "remote: There is no repository here." in missing.stderr
    assert git(home, "clone", server.url(NAME), "out").returncode == 0
    pushed = git(home / "out", "push", "origin", "HEAD:refs/heads/x")
    assert "remote: Repositories are read only here" in pushed.stderr


def ask(
    server: Serving, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
    try:
        # As it is written, without the client's own quoting.
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def target(server: Serving, rest: str, name: str = NAME) -> str:
    return f"{urlsplit(server.url(name)).path}/{rest}"


def command(name: bytes, *arguments: bytes, capabilities: tuple[bytes, ...] = (b"object-format=sha1",)) -> bytes:
    """A request of version 2."""
    head = b"".join(map(packet, (b"command=" + name, *capabilities)))
    return head + DELIMITER + b"".join(map(packet, arguments)) + FLUSH


OFFER = "info/refs?service=git-upload-pack"
UPLOAD = "git-upload-pack"
TYPE = {"Content-Type": REQUEST_TYPE}
LISTING = command(b"ls-refs", b"symrefs")
VERSION_2 = {"Git-Protocol": "version=2"}

ODD = [
    ("GET", "info/refs", 403),
    ("GET", "info/refs?service=git-receive-pack", 403),
    ("GET", "info/refs?service=git-upload-archive", 403),
    ("POST", "git-receive-pack", 403),
    ("GET", "HEAD", 403),
    ("GET", "objects/info/packs", 403),
    ("GET", "objects/pack/pack-0.pack", 403),
    ("HEAD", OFFER, 405),
    ("PUT", UPLOAD, 405),
    ("POST", UPLOAD, 415),
    ("GET", "config", 404),
    ("GET", "", 404),
]


@pytest.mark.parametrize(("method", "rest", "status"), ODD)
def test_what_is_not_served(server: Serving, method: str, rest: str, status: int) -> None:
    found, headers, body = ask(server, method, target(server, rest), None if method in {"GET", "HEAD"} else b"")
    assert found == status
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert headers["cache-control"].startswith("no-cache")
    assert method == "HEAD" or body.endswith(b".\n")
    assert server.served[-1].way == "none"


GAMES = [
    "/git/../git/python/six/1.0.git/{}",
    "/git/python/../python/six/1.0.git/{}",
    "/git/python/%2e%2e/python/six/1.0.git/{}",
    "/git/python//six/1.0.git/{}",
    "/git//python/six/1.0.git/{}",
    "/git/python%2fsix/1.0.git/{}",
    "/git/python/six%00/1.0.git/{}",
    "/git/python/six/1.0.git.git/{}",
    "/git/python/six/./1.0.git/{}",
    "/git/python\\six\\1.0.git/{}",
    "/git/python/six/1.0.git%2f{}",
    "/git/python/six/1.0.git/../1.0.git/{}",
    "/git/%2fetc/passwd.git/{}",
    "/git/~root/x.git/{}",
    "/git/-x.git/{}",
    "/git/link.git/{}",
    "/git/linked/1.0.git/{}",
    f"/git/{'x' * 251}.git/{{}}",
    f"/git/{'x' * 7_000}.git/{{}}",
    f"/git/{'x/' * 2_020}x.git/{{}}",
    "/git/python/six/1.0.git%00/{}",
    "/git/%70ython/s%69x/1.0%2Egit%2f..%2f1.0.git/{}",
]


@pytest.mark.parametrize("game", GAMES)
def test_path_games_start_no_process(server: Serving, data: DataDirectory, game: str) -> None:
    for link, to in (("link.git", data.repository(NAME)), ("linked", data.repository(NAME).parent)):
        if not (data.repositories / link).is_symlink():
            (data.repositories / link).symlink_to(to)
    before = len(server.served)
    status, _, body = ask(server, "GET", game.format(OFFER))
    assert status == 404
    assert b"root" not in body
    assert all(one.way == "none" and one.repository is None for one in server.served[before:])


@pytest.mark.parametrize("version", [0, 1, 2])
@pytest.mark.parametrize("whole", [True, False])
def test_the_offer_is_that_of_http_backend(
    server: Serving,
    data: DataDirectory,
    version: int,
    whole: bool,  # noqa: FBT001 - a case of the table
) -> None:
    name = NAME if whole else "python/other/1.0"
    if not whole and not data.repository(name).exists():
        make_repository(data, name)
        (data.repository(name) / "shallow.lock").touch()
        (data.repository(name) / "objects" / "info").mkdir()
    status, headers, body = ask(
        server, "GET", target(server, OFFER, name), None, {"Git-Protocol": f"version={version}"}
    )
    assert status == 200
    assert headers["content-type"] == "application/x-git-upload-pack-advertisement"
    assert headers["cache-control"] == "no-cache, max-age=0, must-revalidate"
    assert body.startswith(b"000eversion 2\n" if version == 2 else b"001e# service=git-upload-pack\n0000")
    assert b"filter" in body
    assert b"allow-tip-sha1-in-want" not in body
    if version == 1:
        assert b"0000000eversion 1\n" in body


@pytest.mark.parametrize("inflated", [True, False])
@pytest.mark.parametrize("headers", [{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "x-gzip"}])
def test_bodies_may_be_compressed(data: DataDirectory, inflated: bool, headers: dict[str, str]) -> None:  # noqa: FBT001
    body = gzip.compress(LISTING) if headers else LISTING
    with serving(data, auto_decompress=inflated) as server:
        status, answered, said = ask(server, "POST", target(server, UPLOAD), body, TYPE | VERSION_2 | headers)
    assert (status, answered["content-type"]) == (200, "application/x-git-upload-pack-result")
    assert said.endswith(b"refs/tags/v1\n0000")


def test_a_flush_alone_is_answered_with_nothing(server: Serving) -> None:
    # Clients send it to find out whether they are let in, before a body that they cannot send twice.
    assert ask(server, "POST", target(server, UPLOAD), b"0000", TYPE)[::2] == (200, b"")


def test_nonsense(server: Serving) -> None:
    assert ask(server, "POST", target(server, UPLOAD), b"nonsense", TYPE)[0] == 400


WANT = b"want COMMIT"
NOT_SERVED = [
    command(b"bundle-uri"),
    command(b"no-such-command"),
    command(b"fetch", b"want-ref refs/heads/latest", b"done"),
    command(b"fetch", WANT, b"deepen -1", b"done"),
    command(b"fetch", WANT, b"deepen-not --upload-pack=x", b"done"),
    command(b"fetch", WANT, b"filter nonsense", b"done"),
    command(b"fetch", WANT, b"shallow nonsense", b"done"),
    command(b"fetch", WANT, b"sideband-all", b"done"),
    command(b"fetch", WANT, *[b"filter tree:0"] * 10_000, b"done"),
    command(b"fetch", WANT, b"done", capabilities=(b"object-format=sha256",)),
    command(b"fetch", WANT, b"done", capabilities=(b"object-format=sha1", b"no-such-thing")),
    DELIMITER,
    b"ffff",
]


@pytest.mark.parametrize("body", NOT_SERVED)
def test_what_git_does_not_understand_is_the_clients_fault(server: Serving, data: DataDirectory, body: bytes) -> None:
    commit = git(data.repository(NAME), "rev-parse", "HEAD").stdout.strip().encode()
    body = body.replace(b"COMMIT", commit).replace(b"%04x" % (len(WANT) + 4), b"%04x" % (len(commit) + 9))
    status, _, said = ask(server, "POST", target(server, UPLOAD), body, TYPE | VERSION_2)
    assert (status, said) == (400, b"git does not understand this request: the server's log says why.\n")


@pytest.mark.parametrize("header", ["version=2:version=1", "x:version=2\tx=y:version=2", "version=2:" + "x" * 5_000])
def test_odd_versions(server: Serving, header: str) -> None:
    status, _, body = ask(server, "GET", target(server, OFFER), None, {"Git-Protocol": header})
    assert (status, body[:14]) == (200, b"000eversion 2\n")


def test_versions_that_are_none_are_the_oldest(server: Serving) -> None:
    for header in ("version=3", "version=2 ; evil", "version=2\tGIT_DIR=/"):
        status, _, body = ask(server, "GET", target(server, OFFER), None, {"Git-Protocol": header})
        assert (status, body[:5]) == (200, b"001e#")


def test_large_bodies_come_in_chunks(server: Serving, home: Path) -> None:
    assert git(home, "clone", server.url(NAME), "out").returncode == 0
    for number in range(40):
        git(home / "out", "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--allow-empty", "-m", str(number))
    git(home / "out", "remote", "set-url", "origin", server.url(LARGE))
    fetched = git(home / "out", "-c", "http.postBuffer=600", "-c", "protocol.version=0", "fetch", "--all")
    assert fetched.returncode == 0, fetched.stderr


def test_a_repository_that_git_cannot_read(server: Serving, data: DataDirectory) -> None:
    make_repository(data, "broken")
    shutil.rmtree(data.repository("broken") / "objects" / "pack")
    (data.repository("broken") / "HEAD").write_text("nonsense")
    status, _, body = ask(server, "GET", target(server, OFFER, "broken"))
    assert (status, body) == (500, b"git cannot serve this repository: the server's log says why.\n")


def test_a_storm_of_clones(tmp_path: Path) -> None:
    outcome = storm(tmp_path, clones=60, at_once=16)
    assert json.loads(outcome)["wrong"] == []
