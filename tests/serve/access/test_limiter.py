import pytest

from codehost.serve.access.limiter import Failures


def test_a_full_bucket_waits_until_one_has_run_out() -> None:
    failures = Failures(most=3, seconds=10.0)
    for _ in range(3):
        assert failures.wait("192.0.2.1", 0.0) == 0.0
        failures.add("192.0.2.1", 0.0)
    assert failures.wait("192.0.2.1", 0.0) == 10.0
    assert failures.wait("192.0.2.1", 4.0) == pytest.approx(6.0)
    assert failures.wait("192.0.2.1", 10.0) == 0.0
    assert failures.wait("192.0.2.2", 0.0) == 0.0


def test_a_network_of_ipv6_is_one_client() -> None:
    failures = Failures(most=1)
    failures.add("2001:db8::1", 0.0)
    assert failures.wait("2001:db8::ffff", 0.0) == 1.0
    assert failures.wait("2001:db8:0:1::1", 0.0) == 0.0


def test_the_table_is_bounded_and_the_oldest_goes() -> None:
    failures = Failures(most=1, clients=2)
    for number in (1, 2, 1, 3):
        failures.add(f"192.0.2.{number}", 0.0)
    assert len(failures) == 2
    assert [failures.wait(f"192.0.2.{number}", 0.0) > 0 for number in (1, 2, 3)] == [True, False, True]


def test_what_is_no_address_is_a_client_as_well() -> None:
    failures = Failures(most=1)
    failures.add("", 0.0)
    assert failures.wait("", 0.0) == 1.0


def test_what_was_no_failure_is_forgiven() -> None:
    failures = Failures(most=1)
    failures.add("192.0.2.1", 0.0)
    failures.forgive("192.0.2.1", 0.0)
    failures.forgive("192.0.2.1", 0.0)
    assert failures.wait("192.0.2.1", 0.0) == 0.0
    assert len(failures) == 0


def test_a_site_of_ipv6_does_not_go_round_the_limit() -> None:
    failures = Failures(most=2)
    for number in range(16):
        assert failures.wait(f"2001:db8:0:{number:x}::1", 0.0) == 0.0
        failures.add(f"2001:db8:0:{number:x}::1", 0.0)
    assert failures.wait("2001:db8:0:ffff::1", 0.0) > 0.0
    assert failures.wait("2001:db8:1::1", 0.0) == 0.0


def test_addresses_of_ipv4_in_the_form_of_ipv6_are_as_many() -> None:
    failures = Failures(most=1)
    failures.add("::ffff:192.0.2.1", 0.0)
    assert failures.wait("192.0.2.1", 0.0) == 1.0
    assert failures.wait("::ffff:192.0.2.2", 0.0) == 0.0
