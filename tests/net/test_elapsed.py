import time

from codehost.net.elapsed import elapsed


def test_it_goes_on_with_the_time() -> None:
    began, since = elapsed(), time.monotonic()
    while time.monotonic() < since + 0.05:
        pass
    assert elapsed() - began >= 0.05
