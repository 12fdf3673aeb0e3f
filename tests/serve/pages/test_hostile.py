"""Repositories and requests that are made to hurt the server: large, wide, malformed, lying."""

from pathlib import Path

import pytest

from codehost.model.members import MIB
from tests.serve.pages.site import NAME, link, member, site


async def test_ten_thousand_names_and_a_file_of_fifteen_megabytes(tmp_path: Path) -> None:
    members = [member(b"d/%05d" % number, b"x") for number in range(10_000)]
    members.append(member(b"large.txt", b"0123456789abcde\n" * (15 * MIB // 16)))
    async with site(tmp_path, members) as at:
        html = await at.text(f"/{NAME}/tree/HEAD/d?page=10")
        assert "09999" in html
        assert "Page 10 of 10, 10000 names" in html
        assert len(html) < MIB
        assert "too large to be shown" in await at.text(f"/{NAME}/blob/HEAD/large.txt")
        _, headers, body = await at.get(f"/{NAME}/raw/HEAD/large.txt")
        assert (headers["Content-Length"], len(body)) == (str(15 * MIB), 15 * MIB)


async def test_ten_thousand_long_lines(tmp_path: Path) -> None:
    lines = b"x = '" + b"<&" * 300 + b"'\n"
    async with site(tmp_path, [member(b"wide.py", lines * 10_000)]) as at:
        html = await at.text(f"/{NAME}/blob/HEAD/wide.py")
        assert html.count("<tr id=") == 10_000
        assert "<&" not in html


@pytest.mark.parametrize("content", [b"\xff" * 100, b"\xc3\x28\n\xf0\x28\x8c\xbc", b"\xed\xa0\x80\n", b"a\xfe\xff"])
async def test_bytes_that_are_no_utf8(tmp_path: Path, content: bytes) -> None:
    async with site(tmp_path, [member(b"a.py", content)]) as at:
        assert "read as Latin-1" in await at.text(f"/{NAME}/blob/HEAD/a.py")
        _, headers, body = await at.get(f"/{NAME}/raw/HEAD/a.py")
        assert (headers["Content-Type"], body) == ("application/octet-stream", content)


async def test_a_link_never_leads_out_of_the_tree(tmp_path: Path) -> None:
    async with site(tmp_path, [member(b"a.py", b"x"), link(b"d/up", b"../a.py"), link(b"d/here", b".")]) as at:
        html = await at.text(f"/{NAME}/blob/HEAD/d/up")
        assert f'href="/{NAME}/tree/HEAD/a.py"' in html
        status, headers, body = await at.get(f"/{NAME}/raw/HEAD/d/up")
        assert (status, body) == (200, b"../a.py")
        assert (await at.get(f"/{NAME}/blob/HEAD/d/here/here/up"))[0] == 404
        assert headers["X-Content-Type-Options"] == "nosniff"


NAMES = [
    b'a"; filename=evil.html; x="',
    b"a\r\nSet-Cookie: x=1",
    b"a\nX-Evil: 1\n",
    b"a;b=c",
    b"\xff\xfe",
    b"a\tb",
    "\u202egnp.exe".encode(),
]


@pytest.mark.parametrize("name", NAMES)
async def test_names_get_into_no_header(tmp_path: Path, name: bytes) -> None:
    # Some are left out of a repository; then there is nothing to ask for.
    async with site(tmp_path, [member(b"d/" + name, b"\0binary"), member(b"d/a", b"")]) as at:
        path = f"/{NAME}/raw/HEAD/d/" + "".join(f"%{byte:02x}" for byte in name)
        status, headers, _ = await at.get(path)
        assert status in {200, 404}
        assert not {"Set-Cookie", "X-Evil"} & set(headers)
        if status == 200:
            given = headers["Content-Disposition"]
            assert given.startswith("attachment; filename")
            assert given.count(";") == 1
            assert given.isascii()


PATHS = [
    "/" + "a/" * 4_000,
    f"/{NAME}/blob/" + "v" * 7_000 + "/six.py",
    f"/{NAME}/blob/v" + "%00" * 1_000 + "/six.py",
    f"/{NAME}/blob/HEAD/" + "%2e%2e/" * 500 + "etc/passwd",
    f"/{NAME}/blob/HEAD/%c0%ae%c0%ae/config",
    f"/{NAME}/blob/HEAD/%252e%252e/config",
    f"/{NAME}/blob/HEAD//six.py",
    f"/{NAME}/blob/HEAD/six.py%00.html",
    f"/{NAME}/blob/HEAD/six.py/",
    f"/{NAME}%00/tree/HEAD",
    f"/{NAME}/tree/HEAD^%7b%7d",
    f"/{NAME}/tree/-o%20x",
    "/%",
    "/%zz",
    "/" + "tree/" * 150,
    "/x" + "/blob/HEAD" * 90,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
async def test_odd_paths_lead_nowhere(tmp_path: Path, path: str) -> None:
    async with site(tmp_path, [member(b"six.py", b"x = 1\n")]) as at:
        status, _, body = await at.get(path)
        assert status in {404, 200} if path.endswith("six.py/") else status == 404
        assert b"root:" not in body
        assert len(body) < 64_000
