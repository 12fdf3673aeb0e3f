"""The example for nginx in docs/serving.md, in front of the real server: names, links, events and clones."""

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codehost.model.datadir import DataDirectory
from tests.examples.blocks import blocks
from tests.examples.terminal import SERVER, Terminal, terminal
from tests.serve.git.serving import make_repository
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
NAME = "code.example.com"
_PATIENCE = 20.0


def nginx() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if found is None:
        if "nginx" in os.environ.get("CODEHOST_TEST_REQUIRE", "").split(","):
            pytest.fail("nginx is required but missing")
        pytest.skip("nginx is missing")
    return found


def configuration(folder: Path, port: int, server: int) -> str:
    """The page's example with places and ports of here."""
    (example,) = (block.text for block in blocks(PAGE) if block.kind == "nginx")
    example = example.replace("listen 443", f"listen 127.0.0.1:{port}").replace("/etc/nginx/", f"{folder}/")
    example = example.replace(SERVER, f"127.0.0.1:{server}")
    kept = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""
        daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
        events {{}}
        http {{ access_log off; {kept} {example} }}
    """


@contextmanager
def proxy(folder: Path, port: int, server: int) -> Iterator[None]:
    program = nginx()
    folder.mkdir()
    authority = Authority()
    issued = authority.ca.issue_cert(NAME)
    issued.private_key_pem.write_to_path(folder / f"{NAME}.key")
    issued.cert_chain_pems[0].write_to_path(folder / f"{NAME}.pem")
    authority.ca.cert_pem.write_to_path(folder / "authority.pem")
    (folder / "nginx.conf").write_text(configuration(folder, port, server), encoding="utf-8")
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not (folder / "pid").exists():
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(_PATIENCE)


def said(shell: Terminal, command: str) -> str:
    found = shell.run(command)
    assert found.status == 0, found.text
    return found.text


def test_nginx(tmp_path: Path, unused_tcp_port_factory: Callable[[], int]) -> None:
    front, server = unused_tcp_port_factory(), unused_tcp_port_factory()
    public = f"https://{NAME}:{front}/codehost"
    mirror = Mirror()
    add_sdist(mirror, "six==1.16.0")
    with (
        running(mirror),
        terminal(tmp_path / "home", mirror.url, server) as shell,
        proxy(tmp_path / "nginx", front, server),
    ):
        # Larger than what a proxy keeps in memory.
        make_repository(DataDirectory(tmp_path / "home" / "data"), "python/big/1.0", files=40, size=200_000)
        (shell.folder / "host.json").write_text(f'{{"urls": ["{mirror.url}"], "dependencies": ["six==1.16.0"]}}')
        said(shell, "codehost tokens add indexer --role reader > token")
        said(shell, f"printf 'machine {NAME} login indexer password %s\\n' \"$(cat token)\" > .netrc")
        said(
            shell, f"codehost serve --public-url {public} --trusted-proxy 127.0.0.1 --reading token --config host.json"
        )
        ca, here = f"{tmp_path}/nginx/authority.pem", f"{NAME}:{front}:127.0.0.1"
        curl = f"curl -s -n --cacert {ca} --resolve {here}"
        git = f"git -c http.sslCAInfo={ca} -c http.curloptResolve={here}"
        listed = said(shell, f"{curl} --interface 127.0.0.2 {public}/api/v1/repos")
        assert f'"cloneUrl":"{public}/git/python/six/1.16.0.git"' in listed
        said(shell, f"{git} clone -q {public}/git/python/six/1.16.0.git six")
        said(shell, f"{git} clone -q --depth 1 {public}/git/python/big/1.0.git big")
        assert len(list((shell.folder / "big").rglob("*.py"))) == 40
        assert '"python/six/1.16.0"' in said(shell, f"{curl} {public}/api/v1/repos/python%2Fsix%2F1.16.0")
        # An event that is held back until more have come would not be seen in time.
        events = shell.run(f"{curl} -m 2 {public}/api/v1/events").text
        assert re.search(r"^data: .*python/six/1\.16\.0", events, re.MULTILINE)
        # Who asked nginx, and not nginx.
        log = (shell.folder / "serve-0.log").read_text()
        assert "address=127.0.0.2 token=indexer" in log
        assert "path=/codehost/api/v1/repos/python%2Fsix%2F1.16.0 status=200" in log
