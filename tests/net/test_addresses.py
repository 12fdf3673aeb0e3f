from ipaddress import ip_address

import pytest

from codehost.net.addresses import MisspeltAddressError, RefusedAddressError, ip_address_of, reach_of, why_refused

MIRROR = "mirror.example.com"
REACH = reach_of(MIRROR, ["files.corp", "10.1.2.3", "fd00::5"])


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "unspecified"),
        ("10.0.0.1", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "shared"),
        ("100.127.255.255", "shared"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("169.254.169.254", "link-local"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.1", "reserved"),
        ("192.168.0.1", "private"),
        ("198.18.0.1", "benchmarks"),
        ("198.19.255.255", "benchmarks"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "broadcast"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("fc00::1", "private"),
        ("fdff::1", "private"),
        ("fe80::1", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff02::1", "multicast"),
        ("100::1", "discarded"),
        ("2001:2::1", "benchmarks"),
        ("64:ff9b:1::808:808", "private translation"),
        # IPv4 inside IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo (its server, and its client turned).
        ("::ffff:127.0.0.1", "loopback: it stands for 127.0.0.1"),
        ("::ffff:a9fe:a9fe", "link-local: it stands for 169.254.169.254"),
        ("::127.0.0.1", "loopback"),
        ("::ffff:0:10.0.0.1", "private"),
        ("64:ff9b::10.0.0.1", "private"),
        ("2002:7f00:1::1", "loopback"),
        ("2001:0:a00:1::", "private: it stands for 10.0.0.1"),
        ("2001:0:808:808::80ff:fffe", "loopback: it stands for 127.0.0.1"),
    ],
)
def test_refused_addresses(address: str, kind: str) -> None:
    assert kind in (why_refused(ip_address(address)) or "")


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "1.0.0.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        # Documentation: never routed, and the names of public mirrors resolve into them in some test networks.
        "192.0.2.1",
        "198.51.100.1",
        "203.0.113.1",
        "2001:db8::1",
        "2606:4700::1",
        "::ffff:8.8.8.8",
        "2002:808:808::1",
        "64:ff9b::8.8.8.8",
        "64:ff9b::203.0.113.1",
        "2001:0:808:808::f7f7:f7f7",
    ],
)
def test_public_addresses(address: str) -> None:
    assert why_refused(ip_address(address)) is None


@pytest.mark.parametrize(
    "host",
    [
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "127.0.0.1..",
        "127.0.0.0x1",
        "0",
        "0x",
        "1.1",
        "8.8.8.8.8",
        "300.1.1.1",
        "a.b.1",
        "::1::",
        "1:2",
    ],
)
def test_unusual_spellings(host: str) -> None:
    with pytest.raises(MisspeltAddressError):
        ip_address_of(host)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::FFFF:127.0.0.1", "::ffff:127.0.0.1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("example.com", None),
        ("1.example.com", None),
        ("example.com.", None),
        ("0x7f.example", None),
        ("3com.com", None),
    ],
)
def test_ip_address_of(host: str, address: str | None) -> None:
    assert ip_address_of(host) == (None if address is None else ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        MIRROR,
        "MIRROR.example.com.",
        "files.corp",
        "10.1.2.3",
        "FD00:0::5",
        "pypi.org",
        "8.8.8.8",
        "localhost.example",
        "2606:4700::1",
    ],
)
def test_hosts_that_may_be_asked(host: str) -> None:
    REACH.check_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost.",
        "localhost..",
        "LOCALHOST",
        "db.localhost",
        "127.0.0.1",
        "10.1.2.4",
        "fe80::1%eth0",
        "fd00::6",
    ],
)
def test_hosts_that_are_refused_unseen(host: str) -> None:
    with pytest.raises(RefusedAddressError):
        REACH.check_host(host)


LOCAL = [
    "wiki",
    "wiki..",
    "ip6-localhost",
    "printer.local",
    "localhost.localdomain",
    "Metadata.Google.INTERNAL.",
    "nas.lan",
    "home.arpa",
    "router.home.arpa",
]


@pytest.mark.parametrize("host", [*LOCAL, "localhost..", "10.1.2.4"])
def test_local_names_are_refused_through_a_proxy(host: str) -> None:
    with pytest.raises(RefusedAddressError):
        REACH.check_host(host, through_proxy=True)
    reach_of(MIRROR, [host]).check_host(host, through_proxy=True)
    reach_of(host, []).check_host(host, through_proxy=True)


@pytest.mark.parametrize("host", [*LOCAL, "files.corp"])
def test_without_a_proxy_local_names_are_judged_by_their_addresses(host: str) -> None:
    REACH.check_host(host)


@pytest.mark.parametrize("host", [MIRROR, f"{MIRROR}..", "files.corp", "10.1.2.3", "pypi.org", "internal.example.com"])
def test_hosts_that_may_be_asked_through_a_proxy(host: str) -> None:
    REACH.check_host(host, through_proxy=True)


def test_a_mirror_on_loopback_may_name_itself_in_one_way_only() -> None:
    reach = reach_of("127.0.0.1", [])
    reach.check_host("127.0.0.1")
    for host in ("127.0.0.2", "::ffff:127.0.0.1", "localhost"):
        with pytest.raises(RefusedAddressError):
            reach.check_host(host)
    with pytest.raises(MisspeltAddressError):
        reach.check_host("127.1")


@pytest.mark.parametrize(
    ("host", "addresses", "fit"),
    [
        ("other.example", ["203.0.113.1", "2001:db8::1"], ["203.0.113.1", "2001:db8::1"]),
        ("other.example", ["127.0.0.1", "203.0.113.1", "::1"], ["203.0.113.1"]),
        (MIRROR, ["127.0.0.1", "10.0.0.1"], ["127.0.0.1", "10.0.0.1"]),
        # The own host is private or public, not both; an allowed one may be anything.
        (MIRROR, ["127.0.0.1", "203.0.113.1", "::1"], ["203.0.113.1"]),
        ("files.corp", ["10.0.0.1", "203.0.113.1"], ["10.0.0.1", "203.0.113.1"]),
        ("files.corp", ["10.0.0.1"], ["10.0.0.1"]),
        ("other.example", [], []),
    ],
)
def test_reachable(host: str, addresses: list[str], fit: list[str]) -> None:
    assert REACH.reachable(host, addresses) == fit


def test_a_mirror_that_was_public_does_not_become_private() -> None:
    assert REACH.reachable(MIRROR, ["203.0.113.1"], was_public=True) == ["203.0.113.1"]
    assert REACH.reachable("files.corp", ["10.0.0.1"], was_public=True) == ["10.0.0.1"]
    with pytest.raises(RefusedAddressError):
        REACH.reachable(MIRROR, ["10.0.0.1"], was_public=True)


def test_nothing_reachable() -> None:
    with pytest.raises(RefusedAddressError) as caught:
        # That an allowed host has this address allows no other name for it.
        REACH.reachable("evil.example", ["10.1.2.3", "fe80::1%eth0"])
    assert str(caught.value) == "evil.example (10.1.2.3) is no public address (private)"
