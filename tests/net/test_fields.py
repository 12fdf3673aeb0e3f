import pytest

from codehost.model.errors import Failure, Reason
from codehost.net.fields import check_transfer_codings, content_coding


@pytest.mark.parametrize("values", [[], [""], ["chunked"], ["Chunked"], ["identity"], ["chunked", "chunked"]])
def test_transfer_codings_that_are_undone(values: list[str]) -> None:
    check_transfer_codings(values)


@pytest.mark.parametrize(
    "values", [["gzip, chunked"], ["chunked, gzip"], ["xchunked"], ["chunked", "deflate"], ["chunked;q=1"], ["\x1b[1m"]]
)
def test_transfer_codings_that_are_not(values: list[str]) -> None:
    with pytest.raises(Failure, match="which was not asked for") as caught:
        check_transfer_codings(values)
    assert caught.value.reason is Reason.SERVER_ERROR
    assert caught.value.what.isprintable()


@pytest.mark.parametrize(
    ("values", "coding"),
    [
        ([], ""),
        ([""], ""),
        (["identity"], ""),
        (["GZIP"], "gzip"),
        ([" x-gzip "], "x-gzip"),
        (["identity, gzip"], "gzip"),
        (["identity", "gzip"], "gzip"),
        (["gzip", "gzip"], "gzip, gzip"),
        (["gzip, br"], "gzip, br"),
        (["br"], "br"),
    ],
)
def test_content_coding(values: list[str], coding: str) -> None:
    assert content_coding(values) == coding
