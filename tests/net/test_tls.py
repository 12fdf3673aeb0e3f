import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from codehost.model import codehosts
from codehost.model.codehosts import Tls
from codehost.model.errors import Failure, Reason
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.net.tls import make_contexts
from tests.net.wire import CountingBudget, body_of, no_sleep, page_url
from tests.simulator.certificates import Authority
from tests.simulator.mirror import Fault, Mirror


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def bundle(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    return authority.bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def budget() -> CountingBudget:
    return CountingBudget()


@pytest.fixture
async def fetcher(budget: CountingBudget) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(budget, FetchSettings(silence=2), sleep=no_sleep) as fetcher:
        yield fetcher


def test_nothing_configured_is_one_context_that_verifies() -> None:
    contexts = make_contexts(Tls())
    assert contexts.own is contexts.elsewhere
    assert (contexts.own.verify_mode, contexts.own.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_a_bundle_is_trusted_beside_the_systems_authorities(bundle: str) -> None:
    system = len(make_contexts(Tls()).elsewhere.get_ca_certs())
    assert len(make_contexts(Tls(ca_bundle=bundle)).elsewhere.get_ca_certs()) == system + 1


def test_switching_verification_off_does_not_reach_elsewhere() -> None:
    contexts = make_contexts(Tls(verify=False))
    assert (contexts.own.verify_mode, contexts.own.check_hostname) == (ssl.CERT_NONE, False)
    assert (contexts.elsewhere.verify_mode, contexts.elsewhere.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    ("tls", "reason", "what"),
    [
        (Tls(ca_bundle="{}/none"), Reason.NETWORK, r"caBundle \S+/none cannot be read \(No such file"),
        (Tls(ca_bundle="{}"), Reason.NETWORK, r"caBundle \S+ cannot be read \(Is a directory"),
        (Tls(ca_bundle="{}/ada.key"), Reason.NETWORK, r"caBundle \S+ holds no certificates"),
        (Tls(client_certificate="{}/none"), Reason.AUTH, r"clientCertificate \S+/none cannot be read"),
        (Tls(client_certificate="{}/ada.crt", client_key="{}/none"), Reason.AUTH, r"clientKey \S+/none cannot be"),
        (Tls(client_certificate="{}/ada.crt"), Reason.AUTH, r"cannot be loaded: both must be in PEM form"),
        (
            Tls(client_certificate="{}/ada.crt", client_key="{}/locked.key", client_key_password="pa55-word"),
            Reason.AUTH,
            r"the key in \S+ does not belong to the certificate in \S+: check clientKey",
        ),
        (Tls(client_certificate="{}/locked.pem"), Reason.AUTH, "a key with a password needs clientKeyPassword"),
        (
            Tls(client_certificate="{}/locked.pem", client_key_password="wr0ng"),
            Reason.AUTH,
            "clientKeyPassword must be the key's",
        ),
        (
            Tls(client_certificate="{}/locked.pem", client_key_password="wr0ng" * 300),
            Reason.AUTH,
            "clientKeyPassword must be the key's",
        ),
    ],
)
def test_what_cannot_be_loaded(authority: Authority, tmp_path: Path, tls: Tls, reason: Reason, what: str) -> None:
    authority.client(tmp_path, "ada")
    authority.client(tmp_path, "locked", password="pa55-word")
    paths = [
        path.format(tmp_path) if path else None for path in (tls.ca_bundle, tls.client_certificate, tls.client_key)
    ]
    with pytest.raises(Failure, match=what) as caught:
        make_contexts(
            Tls(
                ca_bundle=paths[0],
                client_certificate=paths[1],
                client_key=paths[2],
                client_key_password=tls.client_key_password,
            )
        )
    assert caught.value.reason is reason
    assert "wr0ng" not in str(caught.value)
    assert "pa55" not in str(caught.value)


async def test_what_cannot_be_loaded_costs_no_request(fetcher: HttpFetcher, budget: CountingBudget) -> None:
    here = codehosts.Mirror(url="https://127.0.0.1:1/simple", tls=Tls(ca_bundle="/none"))
    with pytest.raises(Failure, match="caBundle /none cannot be read") as caught:
        await fetcher.page(here, "https://127.0.0.1:1/simple/six/")
    assert caught.value.mirror == here.url
    assert budget.spent == 0


Server = Callable[[Authority], ssl.SSLContext]


@pytest.mark.parametrize(
    ("server", "trusts", "what"),
    [
        (lambda ca: ca.server(), None, r"not trusted \(.+\): give its authority with caBundle"),
        (lambda ca: ca.server(expired=True), "bundle", r"not trusted \(certificate has expired\): it must be renewed"),
        (lambda ca: ca.server("other.example"), "bundle", r"mismatch, .+ '127.0.0.1'\): use the name"),
    ],
)
async def test_certificates_that_are_not_trusted(
    fetcher: HttpFetcher, authority: Authority, bundle: str, server: Server, trusts: str | None, what: str
) -> None:
    async with Mirror(ssl_context=server(authority)) as mirror:
        mirror.add_project("six")
        here = codehosts.Mirror(url=mirror.url, tls=Tls(ca_bundle=bundle if trusts else None))
        with pytest.raises(Failure, match=what) as caught:
            await fetcher.page(here, page_url(mirror))
        assert caught.value.reason is Reason.NETWORK
        # Not verified, all of them are taken.
        blind = codehosts.Mirror(url=mirror.url, tls=Tls(verify=False))
        assert (await fetcher.page(blind, page_url(mirror))).status == 200


async def test_a_bundle_holds_for_every_server_of_the_mirror(
    fetcher: HttpFetcher, authority: Authority, bundle: str
) -> None:
    async with Mirror(ssl_context=authority.server()) as mirror, Mirror(ssl_context=authority.server()) as files:
        files.add("six-1.0.tar.gz", b"six")
        mirror.fault("/moved", Fault(redirect=files.file_url("six-1.0.tar.gz")))
        here = codehosts.Mirror(url=mirror.url, tls=Tls(ca_bundle=bundle))
        assert await body_of(fetcher, here, f"{mirror.base}/moved") == b"six"


async def test_verification_is_off_for_the_own_origin_only(fetcher: HttpFetcher, authority: Authority) -> None:
    async with Mirror(ssl_context=authority.server()) as mirror, Mirror(ssl_context=authority.server()) as other:
        other.add("six-1.0.tar.gz", b"six")
        mirror.add("six-2.0.tar.gz", b"two")
        mirror.fault("/moved", Fault(redirect=other.file_url("six-1.0.tar.gz")))
        here = codehosts.Mirror(url=mirror.url, tls=Tls(verify=False))
        assert await body_of(fetcher, here, mirror.file_url("six-2.0.tar.gz")) == b"two"
        for url in (f"{mirror.base}/moved", other.file_url("six-1.0.tar.gz")):
            with pytest.raises(Failure, match=f"the certificate of {other.base} is not trusted"):
                await body_of(fetcher, here, url)
        assert other.requests == []


@pytest.mark.parametrize("password", [None, "pa55-word"])
async def test_the_client_certificate_goes_to_the_own_origin_only(
    fetcher: HttpFetcher, authority: Authority, bundle: str, tmp_path: Path, password: str | None
) -> None:
    files = authority.client(tmp_path, "ada", password)
    tls = Tls(
        ca_bundle=bundle, client_certificate=files.certificate, client_key=files.key, client_key_password=password
    )
    asking = authority.server(clients=authority, required=False)
    async with Mirror(ssl_context=authority.server(clients=authority)) as mirror, Mirror(ssl_context=asking) as other:
        other.add("six-1.0.tar.gz", b"six")
        mirror.fault("/moved", Fault(redirect=other.file_url("six-1.0.tar.gz")))
        here = codehosts.Mirror(url=mirror.url, tls=tls)
        assert await body_of(fetcher, here, f"{mirror.base}/moved") == b"six"
    assert [seen.certificate for seen in mirror.requests] == ["ada"]
    assert [seen.certificate for seen in other.requests] == [None]


@contextmanager
def demanding(context: ssl.SSLContext) -> Iterator[str]:
    """A server that tells a client why it refuses it, as asyncio's own does not."""

    def refuse(connection: socket.socket, below: socket.socket) -> None:
        with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1000)
        with contextlib.suppress(OSError):
            # A connection that is closed with bytes unread is reset, and what was said on it may be lost.
            below.shutdown(socket.SHUT_WR)
            while below.recv(1000):
                pass

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, connection.dup() as below:
                refuse(connection, below)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    ("version", "what"),
    [
        (ssl.TLSVersion.TLSv1_2, "it may want a clientCertificate"),
        (ssl.TLSVersion.TLSv1_3, "wants a client certificate: give one with clientCertificate"),
    ],
)
async def test_a_client_certificate_is_missing(
    fetcher: HttpFetcher, authority: Authority, bundle: str, version: ssl.TLSVersion, what: str
) -> None:
    with demanding(authority.server(clients=authority, newest=version)) as url, pytest.raises(Failure, match=what):
        await fetcher.page(codehosts.Mirror(url=url, tls=Tls(ca_bundle=bundle)), f"{url}/six/")


async def test_a_client_certificate_is_refused(
    fetcher: HttpFetcher, authority: Authority, bundle: str, tmp_path: Path
) -> None:
    stranger = Authority().client(tmp_path, "eve")
    tls = Tls(ca_bundle=bundle, client_certificate=stranger.both)
    with demanding(authority.server(clients=authority)) as url, pytest.raises(Failure, match="UNKNOWN_CA") as caught:
        await fetcher.page(codehosts.Mirror(url=url, tls=tls), f"{url}/six/")
    assert caught.value.reason is Reason.AUTH


async def test_plain_http_on_a_port_of_https(fetcher: HttpFetcher, authority: Authority) -> None:
    async with Mirror(ssl_context=authority.server()) as mirror:
        url = mirror.url.replace("https:", "http:")
        with pytest.raises(Failure, match="without an answer: is it https"):
            await fetcher.page(codehosts.Mirror(url=url), f"{url}/six/")


async def test_each_mirror_has_its_own_settings(fetcher: HttpFetcher, authority: Authority, bundle: str) -> None:
    async with Mirror(ssl_context=authority.server()) as mirror:
        mirror.add_project("six")
        trusting = codehosts.Mirror(url=mirror.url, tls=Tls(ca_bundle=bundle))
        other = codehosts.Mirror(url=mirror.url)
        # What the one has connected to, the other may not use.
        assert (await fetcher.page(trusting, page_url(mirror))).status == 200
        with pytest.raises(Failure, match="is not trusted"):
            await fetcher.page(other, page_url(mirror))
        pages = await asyncio.gather(*(fetcher.page(trusting, page_url(mirror)) for _ in range(3)))
    assert [page.status for page in pages] == [200, 200, 200]
