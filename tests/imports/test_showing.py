import pytest

from codehost.imports.entries import ImportedPin
from codehost.imports.importing import import_files
from codehost.imports.problems import ImportFileError
from codehost.imports.showing import MAX_TEXT, shown
from codehost.imports.specifiers import required
from tests.imports.samples import ALL, TOKEN


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("six==1.0", "six==1.0"),
        ("x @ https://files.example.com/a/b.zip?c=d", "x @ https://files.example.com/…"),
        ("x@https://user:pw@files.example.com:8443/b.zip", "x@https://files.example.com:8443/…"),
        ("git+https://git.example.com/x.git@main#egg=x", "git+https://git.example.com/…#egg=x"),
        ("git+ssh://git@git.example.com/x@main", "git+ssh://…"),
        ("x @ file:///croot/x_1/work ; os_name == 'nt'", "x @ file:///croot/x_1/work"),
        ("../some/path", "../some/path"),
        ("git@git.example.com:x", "***@git.example.com:x"),
        ("example.com/x?a=b", "example.com/x?***"),
        ("a\x1b[31m\nb", r"a\x1b[31m\nb"),
    ],
)
def test_what_is_shown(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://TOKEN@host.example/x",
        "https://user:TOKEN@host.example/x",
        "https://user:a/TOKEN@host.example/x",
        "https://user:a@TOKEN/b@host.example/x",
        "https://user:a TOKEN@host.example/x",
        "https://user:TOKEN",
        "https://host.example/TOKEN/simple",
        "https://host.example/x?token=TOKEN",
        "https://host.example/x#token=TOKEN",
        "ssh://git@host.example:TOKEN/x",
        "git+https://user:TOKEN@host.example/x.git@main#egg=x",
        "file://user:TOKEN@host.example/x",
        "file:///x?token=TOKEN",
        "TOKEN@host.example:x",
        "https:/user:TOKEN@host.example/x",
    ],
)
@pytest.mark.parametrize("line", ["{}", "x @ {}", "x@{} ; os_name == 'nt'", "--index-url {}", "--index-url='{}"])
def test_no_token_of_a_url_is_shown(url: str, line: str) -> None:
    written = line.format(url.replace("TOKEN", TOKEN))
    assert TOKEN not in shown(written)
    entry = required(written, "f:1")
    assert not isinstance(entry, ImportedPin)
    assert TOKEN not in str(entry) + repr(entry)


@pytest.mark.parametrize("name", ALL)
def test_no_token_of_a_file_is_shown(name: str) -> None:
    assert TOKEN in ALL[name]
    result = import_files([name], lambda path: ALL[path].encode())
    assert result.left_out
    assert TOKEN not in "".join(map(str, result.left_out)) + repr(result)


@pytest.mark.parametrize("name", [name for name in ALL if name.endswith((".lock", ".toml"))])
def test_no_token_of_a_broken_file_is_shown(name: str) -> None:
    for broken in (ALL[name] + f'"https://{TOKEN}@host', f'"https://{TOKEN}@host" {ALL[name]}'):
        with pytest.raises(ImportFileError) as caught:
            import_files([name], lambda _, text=broken: text.encode())
        assert TOKEN not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("text", ["a" * 10**6, "@" * 10**6, "a " * 10**6, "?" * 10**6, "x://" + "#egg=" * 10**5])
def test_long_texts_take_little_room(text: str) -> None:
    assert len(shown(text)) <= MAX_TEXT + 8
