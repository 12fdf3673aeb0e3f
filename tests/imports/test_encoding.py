import pytest

from codehost.imports.encoding import decode
from codehost.imports.problems import ImportFileError


@pytest.mark.parametrize(
    "data",
    [
        "# é".encode(),
        "# é".encode("utf-8-sig"),
        "# é".encode("utf-16"),
        b"\xfe\xff" + "# é".encode("utf-16-be"),
        "# é".encode("utf-32"),
    ],
)
def test_byte_order_marks(data: bytes) -> None:
    assert decode("f", data) == "# é"


@pytest.mark.parametrize(
    "head", ["# -*- coding: latin-1 -*-", "#coding=latin-1", "# one\n# vim: fileencoding: latin-1"]
)
def test_coding_comments(head: str) -> None:
    text = f"{head}\n# é"
    assert decode("f", text.encode("latin-1")) == text


def test_a_comment_on_the_third_line_means_nothing() -> None:
    text = "#\n#\n# coding: latin-1\n# é"
    assert decode("f", text.encode()) == text


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff\xfa", "is not text in UTF-8"),
        (b"# coding: utf-9\n", "is not text in the encoding that it names"),
        (b"# coding: hex\n", "is not text in the encoding that it names"),
        (b"# coding: ascii\n\xe9", "is not text in the encoding that it names"),
        (b"\xff\xfe\x00", "is not text in the encoding that it names"),
        ("six==1.0".encode("utf-16-le"), "is not text: it has zero bytes"),
    ],
)
def test_what_is_no_text(data: bytes, problem: str) -> None:
    with pytest.raises(ImportFileError) as caught:
        decode("f", data)
    assert caught.value.problem == problem
