import pytest

from codehost.serve.git.protocol import (
    MOST_IN_SIDEBAND,
    SERVICE_LINE,
    Request,
    packet,
    parse_request,
    sideband,
    sideband_length,
    version_in,
)

VERSIONS = [
    (None, 0),
    ("", 0),
    ("version=0", 0),
    ("version=1", 1),
    ("version=2", 2),
    ("version=3", 0),
    ("version=1:version=2", 2),
    ("version=2:version=1", 2),
    ("key=value:version=2:x", 2),
    ("version=2 ", 0),
    ("version=2\n", 0),
    ("$(id)", 0),
    (":" * 5000, 0),
]

NO_REQUESTS = [
    b"",
    b"0000",
    b"0001",
    b"00010000",
    b"zzzz",
    b"0004",
    b"0002",
    b"+014command=ls-refs\n0000",
    b"0014command=ls-refs\n",
    b"0015command=ls-refs\n",
    b"0014command=ls-refs\n0001",
    b"0014command=ls-refs\n00000000",
    b"0014command=ls-refs\n0000x",
    b"0014command=ls-refs\n000100010000",
    b"0014command=ls-refs\n0002",
    b"000aagent=x0000",
    b"0014COMMAND=ls-refs\n0000",
    b"fff0",
]


@pytest.mark.parametrize(("header", "version"), VERSIONS)
def test_versions(header: str | None, version: int) -> None:
    assert version_in(header) == version


def test_packets() -> None:
    assert packet(b"a\n") == b"0006a\n"
    assert SERVICE_LINE == b"001e# service=git-upload-pack\n0000"


@pytest.mark.parametrize("size", [0, 1, MOST_IN_SIDEBAND - 1, MOST_IN_SIDEBAND, MOST_IN_SIDEBAND + 1, 200_000])
def test_sidebands(size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    framed = sideband(data[:size])
    assert len(framed) == sideband_length(size)
    found = b""
    while framed:
        length = int(framed[:4], 16)
        assert 5 < length <= 65_520
        assert framed[4:5] == b"\x01"
        found += framed[5:length]
        framed = framed[length:]
    assert found == data[:size]


def test_requests() -> None:
    body = b"0014command=ls-refs\n000cagent=x\n0001" + b"0009peel\n" + b"000bsymrefs" + b"0000"
    wanted = Request(command=b"ls-refs", capabilities=(b"agent=x",), arguments=(b"peel", b"symrefs"))
    assert parse_request(body) == wanted
    bare = Request(command=b"ls-refs", capabilities=(), arguments=())
    assert parse_request(b"0014command=ls-refs\n0000") == bare


@pytest.mark.parametrize("body", NO_REQUESTS)
def test_what_is_not_one_request(body: bytes) -> None:
    assert parse_request(body) is None
