import socket

import pytest

from tests.desk import Desk


@pytest.mark.parametrize(
    ("options", "status", "said"),
    [
        (["--listen", "none"], 2, "no address: write for example 127.0.0.1:3434."),
        (["--listen", "3434"], 2, "no address: write for example 127.0.0.1:3434."),
        (["--listen", "0.0.0.0:0"], 3, "there is no admin's token yet: make one with codehost tokens add"),
        (["--listen", "203.0.113.7:0"], 3, "there is no admin's token yet"),
        (["--trusted-proxy", "everybody"], 2, "'everybody' is no network: write for example 10.0.0.0/8"),
        (["--host-name", "code.example.com:80"], 2, "is no host's name"),
        (["--base-path", "codehost"], 3, "--base-path takes a path such as /codehost"),
        (["--public-url", "code.example.com"], 3, "--public-url takes the server's address"),
        (["--base-path", "/a", "--public-url", "https://h/b"], 3, "give one path"),
        (["--tls-key", "key.pem"], 2, "--tls-key goes with --tls-certificate"),
        (
            ["--tls-certificate", __file__, "--listen", "127.0.0.1:0"],
            3,
            "both have to be PEM files that belong together",
        ),
        (["--tls-certificate", "/nowhere/cert.pem"], 3, "check --tls-certificate and --tls-key"),
        (["--no-worker", "--config", "x.json"], 2, "--config is for a worker, and --no-worker says that there is none"),
    ],
)
def test_what_cannot_be_served(desk: Desk, options: list[str], status: int, said: str) -> None:
    ran = desk.stored("serve", *options)
    assert ran.status == status
    assert said in " ".join(ran.err.split())


def test_a_port_that_is_taken(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = desk.stored("serve", "--listen", f"127.0.0.1:{port}")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err == (
        f"codehost: The server cannot listen on 127.0.0.1:{port}; another process uses it: give another one with"
        " --listen.\n"
    )
