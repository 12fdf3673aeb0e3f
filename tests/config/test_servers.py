import pytest

from codehost.config.addresses import MIRROR
from codehost.config.servers import server_of

HERE, _ = server_of("https://a.example/simple", MIRROR)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("https://a.example/simple/", True),
        ("https://A.example:443/simple", True),
        ("https://ann:word@a.example/simple", True),
        ("http://a.example/simple", False),
        ("https://a.example:444/simple", False),
        ("https://a.example/other", False),
        ("https://b.example/simple", False),
        ("nonsense", False),
        (7, False),
    ],
)
def test_one_server_in_several_spellings(text: object, *, same: bool) -> None:
    assert (server_of(text, MIRROR)[0] == HERE) is same


def test_what_is_shown_has_no_user_information() -> None:
    assert server_of("https://ann:word@a.example/simple/", MIRROR)[1] == "https://a.example/simple"
    assert server_of("http://ann:word@p.example:3128", None)[1] == "http://p.example:3128"
    assert server_of("nonsense", MIRROR) == (None, "")
