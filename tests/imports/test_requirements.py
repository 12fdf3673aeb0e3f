import pytest

from codehost.imports.problems import MAX_FILE_BYTES, ImportFileError
from codehost.imports.requirements import MAX_DEPTH, read_requirements
from tests.imports.samples import left, lines


class Files:
    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def __call__(self, path: str, /) -> bytes:
        self.asked.append(path)
        if path not in self.files:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self.files[path]


NONE = Files({})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-e .", [("editable", "--editable .")]),
        (
            "--editable=git+https://git.example.com/x#egg=x",
            [("editable", "--editable git+https://git.example.com/…#egg=x")],
        ),
        ("-i https://user:pw@pypi.example.com/simple", [("index", "--index-url https://pypi.example.com/…")]),
        ("--no-index --find-links ./links", [("index", "--no-index"), ("index", "--find-links ./links")]),
        ("--trusted-host pypi.example.com", [("index", "--trusted-host pypi.example.com")]),
        ("--pre\n--only-binary :all:\n--require-hashes\n--use-feature=x\n--prefer-binary", []),
        ("--what secret", [("option", "--what")]),
        ("-r", [("option", "--requirement")]),
        ("-r 'open", [("unreadable", "-r 'open")]),
        ("-r missing.txt", [("missing-file", "--requirement missing.txt")]),
        ("-c https://example.com/c.txt", [("remote-file", "--constraint https://example.com/…")]),
        ("-r ${HOME}/x.txt", [("variable-file", "--requirement ${HOME}/x.txt")]),
        ("--requirement 'a\0b'", [("missing-file", r"--requirement a\x00b")]),
    ],
)
def test_options_that_leave_something_out(text: str, expected: list[tuple[str, str]]) -> None:
    found = read_requirements("requirements.txt", text, NONE)
    assert (left(found), found.pins) == (expected, ())


def test_included_files_come_where_they_are_included() -> None:
    files = Files(
        {
            "app/base.txt": b"b==1\n--constraint ../constraints.txt\nc==1\n",
            "app/../constraints.txt": b"d==1\n",
            "app/wide.txt": "e==1\r\n".encode("utf-16"),
        }
    )
    found = read_requirements("app/requirements.txt", "a==1\n-r base.txt\n-r wide.txt\nf==1", files)
    assert lines(found) == ["a==1", "b==1", "d==1", "c==1", "e==1", "f==1"]
    origins = [pin.origin for pin in found.pins]
    assert origins[1:4] == ["app/base.txt:1", "app/../constraints.txt:1", "app/base.txt:3"]


def test_a_file_that_is_included_twice_is_read_once() -> None:
    files = Files({"base.txt": b"b==1\nopen\n"})
    found = read_requirements("requirements.txt", "-r base.txt\n-r ./base.txt", files)
    assert (lines(found), left(found), files.asked) == (["b==1"], [("unpinned", "open")], ["base.txt"])


def test_files_that_include_each_other() -> None:
    files = Files({"b.txt": b"-r c.txt\nb==1", "c.txt": b"-r ./a.txt\n-c b.txt\nc==1"})
    found = read_requirements("a.txt", "-r b.txt\na==1", files)
    assert lines(found) == ["c==1", "b==1", "a==1"]
    assert left(found) == [("cycle", "--requirement ./a.txt"), ("cycle", "--constraint b.txt")]


def test_a_chain_of_files_has_an_end() -> None:
    files = Files({f"{number}.txt": f"x==1.{number}\n-r {number + 1}.txt".encode() for number in range(1, 100)})
    found = read_requirements("0.txt", "-r 1.txt", files)
    assert len(files.asked) == MAX_DEPTH - 1
    assert left(found) == [("too-deep", f"--requirement {MAX_DEPTH}.txt")]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"\xff\xff", "base.txt is not text in UTF-8"), (b" " * (MAX_FILE_BYTES + 1), "base.txt is larger than 64 MiB")],
)
def test_an_included_file_of_no_use(data: bytes, said: str) -> None:
    with pytest.raises(ImportFileError, match=said):
        read_requirements("requirements.txt", "-r base.txt", Files({"base.txt": data}))
