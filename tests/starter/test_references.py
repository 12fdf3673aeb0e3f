import pytest

from codehost.starter.addresses import parse_address
from codehost.starter.references import Holder, Naming, References


def references(
    url: str, own: tuple[str | None, str | None] = (None, None), environ: dict[str, str] | None = None
) -> References:
    return Naming(environ or {}).references(Holder(address=parse_address(url), origin="index-url in /x", own=own))


# A URL, the variables of uv, and the names that the document has.
NAMES = {
    "none": ("https://h.example.com/x", (None, None), None, None),
    "nothing before the sign": ("https://@h.example.com/x", (None, None), None, None),
    "both": (
        "https://u:p@h.example.com/",
        (None, None),
        "CODEHOST_H_EXAMPLE_COM_USERNAME",
        "CODEHOST_H_EXAMPLE_COM_PASSWORD",
    ),
    "a name alone": ("https://u@h.example.com/", (None, None), "CODEHOST_H_EXAMPLE_COM_USERNAME", None),
    "an empty password": ("https://u:@h.example.com/", (None, None), "CODEHOST_H_EXAMPLE_COM_USERNAME", None),
    "a password alone": ("https://:p@h:81/", (None, None), "CODEHOST_H_81_USERNAME", "CODEHOST_H_81_PASSWORD"),
    "variables of pip": ("https://${CI_USER}:${TOKEN}@h.example.com/", (None, None), "CI_USER", "TOKEN"),
    "a variable and more": ("https://x:a${TOKEN}@h/", (None, None), "CODEHOST_H_USERNAME", "CODEHOST_H_PASSWORD"),
    "a variable for one": ("https://x:${TOKEN}@h/", (None, None), "CODEHOST_H_USERNAME", "TOKEN"),
    "no name of a variable": ("https://x:${1}@h/", (None, None), "CODEHOST_H_USERNAME", "CODEHOST_H_PASSWORD"),
    "variables of uv": ("https://u:p@h/", ("UV_U", "UV_P"), "UV_U", "UV_P"),
    "uv's password": ("https://u:p@h/", (None, "UV_P"), "CODEHOST_H_USERNAME", "UV_P"),
    "uv's name": ("https://u:p@h/", ("UV_U", None), "UV_U", None),
    "an address": ("https://u:p@[::1]:3141/", (None, None), "CODEHOST_1_3141_USERNAME", "CODEHOST_1_3141_PASSWORD"),
    "a foreign name": ("https://u@ü/", (None, None), "CODEHOST_MIRROR_USERNAME", None),
}


@pytest.mark.parametrize(("url", "own", "username", "password"), NAMES.values(), ids=NAMES)
def test_the_variables_that_are_named(
    url: str, own: tuple[str | None, str | None], username: str | None, password: str | None
) -> None:
    found = references(url, own)
    assert (found.username, found.password) == (username, password)


def test_each_pair_on_a_server_has_its_own_names() -> None:
    naming = Naming({})
    urls = ["https://u:p@h/a", "https://u:q@h/b", "https://u:p@h/c", "https://u:p@i/a"]
    names = [naming.references(Holder(address=parse_address(url), origin="x")).username for url in urls]
    assert names == ["CODEHOST_H_USERNAME", "CODEHOST_H_2_USERNAME", "CODEHOST_H_USERNAME", "CODEHOST_I_USERNAME"]


def test_what_is_to_be_exported_and_from_where() -> None:
    found = references("https://ada:s%40crt@h.example.com/simple")
    assert found.comments == (
        "Not copied here: index-url in /x has the user name and the password.",
        "Export the user name as CODEHOST_H_EXAMPLE_COM_USERNAME and the password as CODEHOST_H_EXAMPLE_COM_PASSWORD.",
        "Write them decoded: what a URL writes as %40 is @.",
    )
    assert found.notes == (
        (
            "Set CODEHOST_H_EXAMPLE_COM_USERNAME and CODEHOST_H_EXAMPLE_COM_PASSWORD: the user name and the password "
            "for https://h.example.com/simple, as in index-url in /x."
        ),
    )


def test_what_is_set_needs_no_note() -> None:
    environ = {"CODEHOST_H_USERNAME": "u", "CODEHOST_H_PASSWORD": "p"}
    found = references("https://u:p@h/", environ=environ)
    assert found.notes == ()
    assert found.comments
    assert references("https://${A}:${B}@h/", environ={"A": "1", "B": "2"}).notes == ()


def test_a_variable_that_is_referred_to_and_not_set() -> None:
    found = references("https://${A}:${B}@h/", environ={"A": "1"})
    assert found.notes == ("Set B, which index-url in /x refers to.",)
    assert found.comments == ("A and B are read when codehost runs, and must be set there.",)


def test_a_missing_user_name_is_told() -> None:
    found = references("https://h/", own=(None, "UV_INDEX_X_PASSWORD"), environ={"UV_INDEX_X_PASSWORD": "p"})
    assert found.comments == (
        "Export a user name as CODEHOST_H_USERNAME.",
        "No user name is given there; a server that looks at the password alone takes any.",
        "UV_INDEX_X_PASSWORD is read when codehost runs, and must be set there.",
    )
    assert found.notes == ("Set CODEHOST_H_USERNAME: a user name for https://h.",)
