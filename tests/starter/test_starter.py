from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from urllib.parse import quote

import pytest

from codehost.config.loading import Loaded, load
from codehost.model.codehosts import IndexStrategy
from codehost.starter.starter import Started, starter_document
from tests.starter.machines import HOME, PIP, UV, machine

PUBLIC = "https://pypi.org/simple"
PROJECT = f"{HOME}/project"


def started(files: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None) -> Started:
    return starter_document(machine(files, environ))


def loaded(made: Started) -> Loaded:
    found = load(made.text.encode())
    assert [str(violation) for violation in found.violations] == []
    return found


def mirrors(made: Started) -> list[str]:
    config = loaded(made).config
    assert config is not None
    return [mirror.url for mirror in config.mirrors]


def test_a_machine_without_settings() -> None:
    made = started()
    assert mirrors(made) == [PUBLIC]
    assert (made.sources, made.notes) == ((), ())


def test_a_company_s_machine() -> None:
    made = started(
        {
            PIP: """[global]
index-url = https://ada:lovelace@nexus.example.com/repository/pypi/simple
trusted-host = nexus.example.com
[install]
extra-index-url = https://pypi.org/simple
""",
            f"{HOME}/.config/pip/pip.conf": "[global]\ntimeout = 60\ncert = /etc/ssl/corp.pem\n",
            UV: '[[index]]\nname = "corp"\nurl = "https://corp.example.com/simple"\nignore-error-codes = [403]\n',
        },
        {"UV_INDEX_CORP_USERNAME": "ada", "UV_INDEX_CORP_PASSWORD": "lovelace", "HTTPS_PROXY": "p.example.com:3128"},
    )
    config = loaded(made).config
    assert config is not None
    corp, nexus, public = config.mirrors
    assert [mirror.url for mirror in config.mirrors] == [
        "https://corp.example.com/simple",
        "https://nexus.example.com/repository/pypi/simple",
        PUBLIC,
    ]
    assert corp.ignore_status_codes == {403}
    assert corp.credentials
    assert nexus.credentials
    assert (nexus.tls.verify, nexus.tls.ca_bundle, nexus.connect_timeout) == (False, "/etc/ssl/corp.pem", 60.0)
    assert (public.tls.verify, public.credentials) == (True, None)
    assert public.proxy
    assert public.proxy.url == "http://p.example.com:3128"
    assert config.index_strategy is IndexStrategy.FIRST_INDEX
    assert (config.pins, config.rate_limit.requests_per_hour) == ((), 57_600)
    assert made.sources == (
        PIP,
        f"{HOME}/.config/pip/pip.conf",
        UV,
        "HTTPS_PROXY",
        "UV_INDEX_CORP_USERNAME",
        "UV_INDEX_CORP_PASSWORD",
    )
    assert len(made.notes) == 1
    assert made.notes[0].startswith("Set CODEHOST_NEXUS_EXAMPLE_COM_USERNAME and CODEHOST_NEXUS_EXAMPLE_COM_PASSWORD:")


A, B = "https://a.example.com/simple", "https://b.example.com/simple"

# Files, environment, and the mirrors.
FILES: dict[str, tuple[dict[str, str], dict[str, str], list[str]]] = {
    "a chosen file of pip stands in for the user's": (
        {f"{HOME}/.config/pip/pip.conf": f"[install]\nindex-url={A}", f"{PROJECT}/my.conf": f"[global]\nindex-url={B}"},
        {"PIP_CONFIG_FILE": "my.conf"},
        [B],
    ),
    "no file of pip": ({PIP: f"[global]\nindex-url={A}"}, {"PIP_CONFIG_FILE": "/dev/null"}, [PUBLIC]),
    "the virtual environment": (
        {PIP: f"[global]\nindex-url={A}", "/venv/pip.conf": f"[global]\nindex-url={B}"},
        {"VIRTUAL_ENV": "/venv"},
        [B],
    ),
    "uv.toml before pyproject.toml": (
        {f"{PROJECT}/uv.toml": f'index-url="{A}"', f"{PROJECT}/pyproject.toml": f'[tool.uv]\nindex-url="{B}"'},
        {},
        [A],
    ),
    "a pyproject.toml without settings": (
        {f"{PROJECT}/pyproject.toml": "[project]\nname='x'", f"{HOME}/pyproject.toml": f'[tool.uv]\nindex-url="{B}"'},
        {},
        [B],
    ),
    "one system file of uv": (
        {"/etc/xdg/uv/uv.toml": f'index-url="{A}"', "/etc/uv/uv.toml": f'extra-index-url=["{B}"]'},
        {},
        [A],
    ),
    "a chosen file of uv": (
        {UV: f'index-url="{A}"', "/my.toml": f'index-url="{B}"'},
        {"UV_CONFIG_FILE": "/my.toml", "UV_NO_CONFIG": "1"},
        [B],
    ),
    "no file of uv": ({UV: f'index-url="{A}"'}, {"UV_NO_CONFIG": "1"}, [PUBLIC]),
}


@pytest.mark.parametrize(("files", "environ", "expected"), FILES.values(), ids=FILES)
def test_which_files_count(files: dict[str, str], environ: dict[str, str], expected: list[str]) -> None:
    assert mirrors(started(files, environ)) == expected


def test_files_that_do_not_parse_are_told_and_passed_over() -> None:
    made = started({PIP: "[global]\nsecret", UV: "x = secret", f"{PROJECT}/uv.toml": f'index-url = "{A}"'})
    assert mirrors(made) == [A]
    assert made.notes == (
        f"{PIP}, line 2: this is no valid INI file; its settings are left out.",
        f"{UV}, line 1: this is no valid TOML file; its settings are left out.",
    )
    assert made.sources == (f"{PROJECT}/uv.toml",)
    assert all(note in made.text.replace("\n// ", " ") for note in made.notes)


def test_files_that_cannot_be_read_are_told() -> None:
    def read(path: str) -> str | None:
        if path == PIP:
            raise PermissionError(13, "Permission denied", path)
        if path == UV:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return None

    made = starter_document(replace(machine(), read=read))
    assert made.notes == (
        f"{PIP} cannot be read (Permission denied); its settings are left out.",
        f"{UV} cannot be read (it is no text in UTF-8); its settings are left out.",
    )
    assert mirrors(made) == [PUBLIC]


def test_a_chosen_file_that_is_not_there_is_told() -> None:
    made = started(environ={"PIP_CONFIG_FILE": "my.conf", "UV_CONFIG_FILE": "/my.toml"})
    assert [note.partition(",")[0] for note in made.notes] == [f"{PROJECT}/my.conf", "/my.toml"]


def test_the_directory_of_a_mac() -> None:
    library = f"{HOME}/Library/Application Support/pip/pip.conf"
    files = {library: f"[global]\nindex-url={A}", f"{HOME}/.config/pip/pip.conf": f"[global]\nindex-url={B}"}
    assert mirrors(starter_document(machine(files, platform="darwin"))) == [A]
    del files[library]
    assert mirrors(starter_document(machine(files, platform="darwin"))) == [B]


@pytest.mark.parametrize(
    ("files", "phrase"),
    [
        ({PIP: f"[global]\nextra-index-url={A}"}, 'Add "indexStrategy": "first-index"'),
        ({UV: f'index-strategy = "unsafe-best-match"\nindex-url="{A}"'}, "unsafe-best-match (from index-strategy in"),
    ],
)
def test_a_strategy_that_is_not_taken_over_is_explained(files: dict[str, str], phrase: str) -> None:
    made = started(files)
    assert phrase in made.text
    config = loaded(made).config
    assert config
    assert config.index_strategy is IndexStrategy.FIRST_MATCH


# URLs that people have, as an index of pip: whatever becomes of them, the document is valid.
URLS = [
    "https://h.example.com",
    "https://h.example.com:443/simple/",
    "HTTPS://H.example.com//simple//",
    "http://u:p@[::1]:3141/root/pypi/+simple/",
    "https://u:p@10.0.0.1/simple",
    "https://:token@h.example.com/simple",
    "https://token@h.example.com/simple",
    "https://@h.example.com/simple",
    "https://u:@h.example.com/simple",
    "https://:@h.example.com/simple",
    "https://u:p:q@h.example.com/simple",
    "https://u:p@q@h.example.com/simple",
    "https://u:%zz@h.example.com/simple",
    "https://ü:p@bücher.example/simple",
    "https://a_b.example.com./simple",
    "https://h.example.com/simple?x=y",
    "https://h.example.com/a b",
    "https://h.example.com/a%20b/{x}",
    "https://-h.example.com/simple",
    "https://h.example.com:0/simple",
    "https://h.example.com:/simple",
    "https://999.999.999.999/simple",
    f"https://{'a' * 64}.example.com/simple",
    f"https://{'a.' * 200}example.com/simple",
    "https://u/v@h.example.com/simple",
    "https://h.example.com/@/simple",
    "https://",
    "ftp://h.example.com",
    "simple",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("proxied", [False, True])
def test_any_url_makes_a_valid_document(url: str, proxied: bool) -> None:  # noqa: FBT001 - a table's column
    loaded(started({PIP: f"[global]\nindex-url = {url}\n{f'proxy = {url}' if proxied else ''}"}))
    loaded(started(environ={"UV_INDEX": url, "UV_EXTRA_INDEX_URL": f"{url} {PUBLIC} {url}/"}))


CANARY = "c4n4ry/@:p%"
_RAW = CANARY
_QUOTED = quote(CANARY, safe="")

# Every place that can hold a password, for each way of writing one there.
HIDING: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    f"{name} {how}": places
    for how, word in (("encoded", _QUOTED), ("raw", _RAW), ("plain", "c4n4ry"))
    for url in (f"https://ada:{word}@h.example.com/simple",)
    for name, places in {
        "index-url": ({PIP: f"[global]\nindex-url = {url}"}, {}),
        "user name": ({PIP: f"[global]\nindex-url = https://{word}@h.example.com/simple"}, {}),
        "extra-index-url": ({PIP: f"[install]\nextra-index-url =\n  {PUBLIC}\n  {url}"}, {}),
        "find-links": ({PIP: f"[global]\nfind-links = {url}"}, {}),
        "proxy": ({PIP: f"[global]\nproxy = http://ada:{word}@p.example.com:3128"}, {}),
        "proxy without scheme": ({PIP: f"[global]\nproxy = ada:{word}@p.example.com:3128"}, {}),
        "SOCKS": ({PIP: f"[global]\nproxy = socks5://ada:{word}@p.example.com:3128"}, {}),
        "trusted-host": ({PIP: f"[global]\ntrusted-host = ada:{word}@h.example.com"}, {}),
        "timeout": ({PIP: f"[global]\ntimeout = {word}"}, {}),
        "no-index": ({PIP: f"[global]\nno-index = {word}"}, {}),
        "a broken INI file": ({PIP: f"index-url = {url}"}, {}),
        "a broken line": ({PIP: f"[global]\n{url.replace('=', '').replace(':', '')}"}, {}),
        "a query": ({PIP: f"[global]\nindex-url = https://h.example.com/simple?token={word}"}, {}),
        "PIP_INDEX_URL": ({}, {"PIP_INDEX_URL": url}),
        "PIP_EXTRA_INDEX_URL": ({}, {"PIP_EXTRA_INDEX_URL": url}),
        "PIP_PROXY": ({}, {"PIP_PROXY": f"http://ada:{word}@p.example.com:3128"}),
        "PIP_FIND_LINKS": ({}, {"PIP_FIND_LINKS": url}),
        "index": ({UV: f'[[index]]\nname = "corp"\nurl = "{url}"'}, {}),
        "flat index": ({UV: f'[[index]]\nurl = "{url}"\nformat = "flat"'}, {}),
        "index without scheme": ({UV: f'[[index]]\nurl = "ada:{word}@h.example.com"'}, {}),
        "name of an index": ({UV: f'[[index]]\nname = "x {word}"\nurl = "https://h.example.com"'}, {}),
        "uv's index-url": ({UV: f'index-url = "{url}"'}, {}),
        "uv's extra-index-url": ({UV: f'extra-index-url = ["{url}"]'}, {}),
        "uv's find-links": ({UV: f'find-links = ["{url}"]'}, {}),
        "uv pip": ({UV: f'[pip]\nindex-url = "{url}"'}, {}),
        "uv's proxy": ({UV: f'https-proxy = "http://ada:{word}@p.example.com:3128"'}, {}),
        "index-strategy": ({UV: f'index-strategy = "{word}"'}, {}),
        "allow-insecure-host": ({UV: f'allow-insecure-host = ["ada:{word}@h.example.com"]'}, {}),
        "a broken TOML file": ({UV: f"index-url = {url}"}, {}),
        "pyproject.toml": ({f"{PROJECT}/pyproject.toml": f'[[tool.uv.index]]\nurl = "{url}"'}, {}),
        "UV_INDEX": ({}, {"UV_INDEX": f"corp={url} {url}"}),
        "UV_DEFAULT_INDEX": ({}, {"UV_DEFAULT_INDEX": url}),
        "UV_INDEX_URL": ({}, {"UV_INDEX_URL": url}),
        "UV_EXTRA_INDEX_URL": ({}, {"UV_EXTRA_INDEX_URL": url}),
        "UV_INDEX_CORP_PASSWORD": (
            {UV: '[[index]]\nname = "corp"\nurl = "https://h.example.com/simple"'},
            {"UV_INDEX_CORP_USERNAME": word, "UV_INDEX_CORP_PASSWORD": word},
        ),
        "HTTPS_PROXY": ({}, {"HTTPS_PROXY": f"http://ada:{word}@p.example.com:3128"}),
        "all_proxy": ({}, {"all_proxy": f"socks5h://ada:{word}@p.example.com:3128"}),
        "NO_PROXY": ({}, {"HTTPS_PROXY": "http://p.example.com:1", "NO_PROXY": word}),
        "a variable": ({PIP: "[global]\nindex-url = https://ada:${WORD}@h.example.com/"}, {"WORD": word}),
    }.items()
}


@pytest.mark.parametrize(("files", "environ"), HIDING.values(), ids=HIDING)
def test_no_password_leaves_its_place(files: dict[str, str], environ: dict[str, str]) -> None:
    made = started(files, environ)
    loaded(made)
    for shown in chain([made.text], made.sources, made.notes):
        assert "c4n4ry" not in shown.lower()
    assert made.sources or made.notes


@pytest.mark.parametrize(
    ("files", "environ", "origin"),
    [
        ({}, {"PIP_NO_INDEX": "1"}, "PIP_NO_INDEX"),
        ({}, {"UV_NO_INDEX": "1"}, "UV_NO_INDEX"),
        ({}, {"PIP_INDEX_URL": "file:///srv/simple"}, "PIP_INDEX_URL"),
        ({}, {"UV_DEFAULT_INDEX": "/srv/simple"}, "UV_DEFAULT_INDEX"),
        ({UV: "no-index = true"}, {}, f"no-index in {UV}"),
    ],
)
def test_the_public_mirror_is_not_written_where_it_must_not_be_asked(
    files: dict[str, str], environ: dict[str, str], origin: str
) -> None:
    made = started(files, environ)
    assert '"urls": [\n    // No mirror is written' in made.text
    assert "https://pypi.org" not in made.text
    assert origin in made.notes[-1]
    assert not [violation for violation in load(made.text.encode()).violations if "minimum" in str(violation)]


def test_a_default_that_is_lost_brings_no_public_mirror() -> None:
    assert mirrors(started(environ={"UV_DEFAULT_INDEX": "/srv/simple", "UV_INDEX": A})) == [A]
    assert mirrors(started(environ={"PIP_NO_INDEX": "1", "UV_INDEX": A})) == [A]


def test_values_that_no_configuration_may_have() -> None:
    made = started(environ={"PIP_DEFAULT_TIMEOUT": "1e308", "PIP_CERT": "/a\u202eb.pem", "PIP_CLIENT_CERT": "/a\nb"})
    config = loaded(made).config
    assert config is not None
    assert config.mirrors[0].connect_timeout == 2_147_483.647
    assert config.mirrors[0].tls.ca_bundle is None
    assert len(made.notes) == 2


def test_one_of_two_pairs_of_credentials_is_told_to_be_dropped() -> None:
    url = "https://{}@h.example.com/simple"
    one, other = url.format("u:c4n4ry"), url.format("v:c4n4ry")
    made = started(environ={"PIP_INDEX_URL": one, "PIP_EXTRA_INDEX_URL": other})
    assert any("Left out a user name and password for https://h.example.com/simple" in note for note in made.notes)
    assert "c4n4ry" not in made.text + "".join(made.notes)
    assert not any("Left out" in note for note in started(environ={"PIP_INDEX_URL": one, "UV_INDEX": one}).notes)
