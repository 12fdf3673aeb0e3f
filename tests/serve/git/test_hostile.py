"""Clients that are slow, large or gone, and configurations that want to run something."""

import asyncio
import gzip
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory
from codehost.serve.git.limits import GitLimits
from codehost.serve.git.progress import Ending
from codehost.serve.git.protocol import DELIMITER, FLUSH, packet
from codehost.serve.git.refusing import REQUEST_TYPE
from tests.serve.git.serving import HOST, Serving, client_environment, git, make_repository, serving

NAME = "python/small/1.0"
LARGE = "python/large/1.0"
STOLEN = 12_345


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> tuple[DataDirectory, str]:
    data = DataDirectory(tmp_path_factory.mktemp("data"))
    make_repository(data, NAME)
    return data, make_repository(data, LARGE, files=40, size=1_000_000)


@pytest.fixture
def data(commits: tuple[DataDirectory, str]) -> DataDirectory:
    return commits[0]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


def head(rest: str, headers: str = "", name: str = LARGE) -> bytes:
    return f"POST /git/{name}.git/{rest} HTTP/1.1\r\nHost: x\r\nContent-Type: {REQUEST_TYPE}\r\n{headers}\r\n".encode()


def clone_request(commit: str, version: int, name: str = LARGE) -> bytes:
    want = b"want " + commit.encode()
    if version == 0:
        body = packet(want + b" side-band-64k ofs-delta\n") + FLUSH + packet(b"done\n")
    else:
        lines = b"".join(packet(line) for line in (b"ofs-delta", want, b"done"))
        body = packet(b"command=fetch") + packet(b"object-format=sha1") + DELIMITER + lines + FLUSH
    headers = f"Git-Protocol: version={version}\r\nContent-Length: {len(body)}\r\n"
    return head("git-upload-pack", headers, name) + body


def connect(server: Serving) -> socket.socket:
    client = socket.socket()
    # A window that does not grow: the server has to wait for us early.
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(20)
    client.connect((HOST, server.port))
    return client


def read_all(client: socket.socket) -> bytes:
    """Whatever is still on its way until the connection ends."""
    found = bytearray()
    with suppress(ConnectionResetError):
        while data := client.recv(1 << 20):
            found += data
    return bytes(found)


def children(data: DataDirectory) -> set[int]:
    """Processes of git that serve these repositories, or are zombies that came from this one."""
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name, _, rest = place.joinpath("stat").read_text().rpartition(")")
            serves = str(data.root).encode() in place.joinpath("environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        ours = int(rest.split()[1]) == os.getpid() and name.endswith("(git")
        if ours or (serves and name.endswith("(git")):
            found.add(int(place.name))
    return found


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def wait_until(true: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it takes too long"
        time.sleep(0.05)


@pytest.mark.parametrize(("version", "clients"), [(2, 100), (0, 20)])
def test_slow_clients_do_not_stop_others(
    commits: tuple[DataDirectory, str], home: Path, version: int, clients: int
) -> None:
    data, commit = commits
    # One at work and no more: a slow client that kept its turn would keep it from all.
    with serving(data, GitLimits(working=1, queue_seconds=10)) as server, ExitStack() as stack:
        for _ in range(clients):
            stack.enter_context(connect(server)).sendall(clone_request(commit, version))
        wait_until(lambda: server.service.under_way == clients)
        for number, protocol in enumerate((0, 2)):
            start = time.monotonic()
            cloned = git(home, "-c", f"protocol.version={protocol}", "clone", server.url(NAME), f"out{number}")
            assert cloned.returncode == 0, cloned.stderr
            assert time.monotonic() - start < 10
        assert server.service.under_way == clients
        assert bool(children(data)) == (version == 0)
    assert children(data) == set()


@pytest.mark.parametrize("version", [0, 2])
def test_who_does_not_read_is_ended(commits: tuple[DataDirectory, str], version: int) -> None:
    data, commit = commits
    with serving(data, GitLimits(idle_seconds=1)) as server, connect(server) as client:
        client.sendall(clone_request(commit, version))
        wait_until(lambda: len(server.served) == 1)
        assert server.served[0].ending is Ending.IDLE
        assert children(data) == set()
        assert 0 < len(read_all(client)) < 20_000_000


def test_who_reads_too_slowly_is_ended(commits: tuple[DataDirectory, str]) -> None:
    data, commit = commits
    limits = GitLimits(slow_seconds=1, bytes_per_second=50_000_000)
    with serving(data, limits) as server, connect(server) as client:
        client.sendall(clone_request(commit, 2))
        while not server.served:
            client.recv(20_000)
            time.sleep(0.02)
        assert server.served[0].ending is Ending.SLOW


def test_time_is_up(commits: tuple[DataDirectory, str]) -> None:
    data, commit = commits
    with serving(data, GitLimits(seconds=0.5)) as server, connect(server) as client:
        client.sendall(clone_request(commit, 0))
        wait_until(lambda: len(server.served) == 1)
        assert server.served[0].ending is Ending.LATE
        assert children(data) == set()


def test_who_does_not_write_is_told(data: DataDirectory) -> None:
    with serving(data, GitLimits(idle_seconds=0.5)) as server, connect(server) as client:
        client.sendall(head("git-upload-pack", "Content-Length: 100\r\n") + b"0014")
        assert client.recv(1000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("shut", [False, True])
def test_a_client_that_is_gone_leaves_nothing(
    commits: tuple[DataDirectory, str],
    version: int,
    shut: bool,  # noqa: FBT001 - a case of the table
) -> None:
    data, commit = commits
    with serving(data) as server:
        before = open_files()
        for _ in range(5):
            client = connect(server)
            client.sendall(clone_request(commit, version))
            client.recv(100)
            if shut:
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        wait_until(lambda: len(server.served) == 5)
        assert {one.ending for one in server.served} == {Ending.GONE}
        assert children(data) == set()
        wait_until(lambda: open_files() <= before)


@pytest.mark.parametrize("version", [0, 2])
@pytest.mark.parametrize("replaced", [False, True])
def test_what_is_being_cloned_may_go(
    data: DataDirectory,
    tmp_path: Path,
    version: int,
    replaced: bool,  # noqa: FBT001 - a case of the table
) -> None:
    name = f"python/going/{version}.{int(replaced)}"
    commit = make_repository(data, name, files=8, size=1_000_000)
    with serving(data) as server, connect(server) as client:
        client.sendall(clone_request(commit, version, name).replace(b"Host: x", b"Host: x\r\nConnection: close"))
        said = b""
        while b"PACK" not in said:
            said += client.recv(1_000)
        data.repository(name).rename(tmp_path / "gone")
        shutil.rmtree(tmp_path / "gone")
        if replaced:
            make_repository(data, name, files=1)
        said += read_all(client)
    # Whoever has begun gets what there was when it began.
    assert (server.served[0].status, server.served[0].ending) == (200, None)
    assert len(said) > 8_000_000
    assert b"0000" in said[-12:]


def test_a_killed_clone_leaves_no_process(commits: tuple[DataDirectory, str], home: Path) -> None:
    data, _ = commits
    with serving(data) as server:
        command = ["git", "-c", "protocol.version=0", "clone", "--quiet", server.url(LARGE), str(home / "out")]
        with subprocess.Popen(command, env=client_environment(home), start_new_session=True) as client:
            wait_until(lambda: any(one for one in server.served) and server.service.under_way == 1)
            os.killpg(client.pid, 9)
        wait_until(lambda: server.service.under_way == 0)
        wait_until(lambda: children(data) == set())


def test_the_end_of_the_server_ends_what_is_under_way(commits: tuple[DataDirectory, str]) -> None:
    data, commit = commits
    with serving(data) as server, connect(server) as client:
        client.sendall(clone_request(commit, 0))
        client.recv(10)
        asyncio.run_coroutine_threadsafe(server.service.close(), server.loop).result(10)
        assert server.served[0].ending is Ending.SHUTDOWN
        assert children(data) == set()
        with connect(server) as late:
            late.sendall(clone_request(commit, 0))
            assert late.recv(1000).startswith(b"HTTP/1.1 503 ")


@pytest.mark.parametrize("inflated", [True, False])
def test_a_bomb_is_refused(data: DataDirectory, inflated: bool) -> None:  # noqa: FBT001 - a case of the table
    have = packet(b"have " + b"1" * 40)
    opening = packet(b"command=fetch") + packet(b"object-format=sha1") + DELIMITER
    bomb = gzip.compress(opening + have * 1_000_000)
    with serving(data, GitLimits(body_bytes=1_000_000), auto_decompress=inflated) as server, connect(server) as client:
        headers = f"Git-Protocol: version=2\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n"
        client.sendall(head("git-upload-pack", headers) + bomb)
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")
        wait_until(lambda: len(server.served) == 1)
        assert server.served[0].received < 2_000_000


def test_a_body_of_100_mb_is_refused_and_stops_nobody(data: DataDirectory, home: Path) -> None:
    piece = b"0032want " + b"1" * 40 + b"\n"
    piece *= 20_000
    chunk = b"%x\r\n%s\r\n" % (len(piece), piece)
    with serving(data, GitLimits(body_bytes=20_000_000)) as server, connect(server) as client:
        client.sendall(head("git-upload-pack", "Transfer-Encoding: chunked\r\n"))
        for number in range(100):
            try:
                client.sendall(chunk)
            except (BrokenPipeError, ConnectionResetError):
                break
            if number == 5:
                assert git(home, "clone", server.url(NAME), "out").returncode == 0
        wait_until(lambda: server.service.under_way == 0)
        big = [one for one in server.served if one.repository == LARGE]
        assert [one.received <= 20_100_000 for one in big] == [True]
        # git itself gives up at the first object that it does not have; whatever comes first is an answer.
        assert big[0].status in {200, 413}
        assert children(data) == set()


def test_there_is_an_end_to_waiting_for_room(commits: tuple[DataDirectory, str]) -> None:
    data, commit = commits
    with serving(data, GitLimits(processes=1, queue_seconds=0.3)) as server, connect(server) as one:
        one.sendall(clone_request(commit, 0))
        one.recv(10)
        with connect(server) as two:
            two.sendall(clone_request(commit, 0))
            answer = two.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5\r\n" in answer


def hook(folder: Path) -> tuple[Path, Path]:
    """A program that leaves a mark and then does what it should."""
    mark, program = folder / "mark", folder / "hook"
    program.write_text(f'#!/bin/sh\ntouch {mark}\nexec "$@"\n')
    program.chmod(0o755)
    return mark, program


def hostile(program: Path, extra: Path) -> str:
    return (
        f"[uploadpack]\n\tpackObjectsHook = {program}\n"
        f"[core]\n\tfsmonitor = {program}\n\thooksPath = {program.parent}\n"
        f"\tsshCommand = {program}\n\tpager = {program}\n\talternateRefsCommand = {program}\n"
        f"[alias]\n\tupload-pack = !{program}\n\tpack-objects = !{program}\n[include]\n\tpath = {extra}\n"
        f'[remote "origin"]\n\turl = ext::{program}\n\tpromisor = true\n[protocol]\n\tallow = always\n'
    )


def test_the_configuration_of_whoever_runs_the_server_runs_nothing(
    data: DataDirectory, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark, program = hook(tmp_path)
    elsewhere = tmp_path / "xdg" / "git"
    elsewhere.mkdir(parents=True)
    for place in (home / ".gitconfig", elsewhere / "config"):
        place.write_text(hostile(program, tmp_path / "none"))
    for name, value in {
        "HOME": home,
        "XDG_CONFIG_HOME": elsewhere.parent,
        "GIT_CONFIG_GLOBAL": home / ".gitconfig",
        "GIT_CONFIG_SYSTEM": home / ".gitconfig",
        "GIT_CONFIG_NOSYSTEM": "0",
        "GIT_CONFIG_PARAMETERS": f"'uploadpack.packobjectshook={program}'",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "uploadpack.packObjectsHook",
        "GIT_CONFIG_VALUE_0": program,
        "GIT_TRACE": tmp_path / "trace",
        "GIT_TRACE2_EVENT": tmp_path / "trace",
        "GIT_TRACE_PACKET": tmp_path / "trace",
        "GIT_EXEC_PATH": tmp_path,
        "GIT_DIR": tmp_path,
        "GIT_NAMESPACE": "x",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": tmp_path,
    }.items():
        monkeypatch.setenv(name, str(value))
    client_home = tmp_path / "client"
    client_home.mkdir()
    with serving(data) as server:
        for version in (0, 2):
            options = ("-c", f"protocol.version={version}", "clone", "--depth=1")
            assert git(client_home, *options, server.url(NAME), f"out{version}").returncode == 0
    assert {one.way for one in server.served} == {"git", "pack"}
    assert not mark.exists()
    assert not (tmp_path / "trace").exists()


def test_that_hook_would_run(data: DataDirectory, home: Path, tmp_path: Path) -> None:
    mark, program = hook(tmp_path)
    (home / ".gitconfig").write_text(f"[uploadpack]\n\tpackObjectsHook = {program}\n")
    variables = client_environment(home) | {"GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}
    place = f"file://{data.repository(NAME)}"
    command = ["git", "-c", f"safe.directory={data.repository(NAME)}", "clone", place, str(home / "out")]
    subprocess.run(command, env=variables, check=True, capture_output=True, timeout=30)
    assert mark.exists()


def test_a_repositorys_own_configuration_runs_nothing(data: DataDirectory, home: Path, tmp_path: Path) -> None:
    mark, program = hook(tmp_path)
    extra = tmp_path / "extra"
    extra.write_text(hostile(program, tmp_path / "none"))
    make_repository(data, "hostile")
    path = data.repository("hostile")
    (path / "config").write_text((path / "config").read_text() + hostile(program, extra))
    (path / "hooks").mkdir()
    for name in ("post-upload-pack", "pre-upload-pack", "post-checkout"):
        shutil.copy(program, path / "hooks" / name)
    with serving(data) as server:
        for version in (0, 1, 2):
            cloned = git(home, "-c", f"protocol.version={version}", "clone", server.url("hostile"), f"out{version}")
            assert cloned.returncode == 0, cloned.stderr
        missing = git(home / "out2", "fetch", "origin", "1" * 40)
        assert missing.returncode != 0
    assert {one.way for one in server.served} == {"git"}
    assert not mark.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
@pytest.mark.parametrize("version", [0, 2])
def test_a_repository_may_belong_to_another_user(data: DataDirectory, home: Path, version: int) -> None:
    name = f"theirs{version}"
    make_repository(data, name)
    for path in (data.repository(name), *data.repository(name).rglob("*")):
        os.chown(path, STOLEN, STOLEN)
    with serving(data) as server:
        cloned = git(
            home, "-c", f"protocol.version={version}", "clone", "--depth=1", server.url(f"theirs{version}"), "o"
        )
    assert cloned.returncode == 0, cloned.stderr
