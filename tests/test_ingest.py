from pathlib import Path

import pytest

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import IngestRequest, Limits
from tests.unpack.tars import END, member
from tests.unpack.zips import Part, build, end_record

TAR = member(b"p-1/a", b"x") + member(b"p-1/b", b"y") + END


def request(folder: Path, filename: str, data: bytes, limits: Limits | None = None) -> IngestRequest:
    (folder / "spooled").write_bytes(data)
    return IngestRequest(
        archive=str(folder / "spooled"),
        filename=filename,
        sha256="ab" * 32,
        repository=str(folder / "r.git"),
        tag="v1.0",
        limits=limits or Limits(),
    )


def test_one_file_to_one_repository(tmp_path: Path) -> None:
    report = ingest(request(tmp_path, "p-1.tar", TAR))
    assert (report.files, report.unpacked_bytes, report.skipped) == (2, 2, 0)
    assert report.commit in (tmp_path / "r.git" / "packed-refs").read_text()


@pytest.mark.parametrize(
    ("filename", "data", "limits", "reason"),
    [
        ("p-1.rpm", TAR, Limits(), Reason.UNSUPPORTED_FORMAT),
        ("p-1.tar.gz", TAR, Limits(), Reason.UNSAFE_ARCHIVE),
        ("p-1.tar", TAR[:-1500], Limits(), Reason.UNSAFE_ARCHIVE),
        ("p-1.tar", END, Limits(), Reason.UNSAFE_ARCHIVE),
        ("p-1.zip", end_record(0, 0, 0), Limits(), Reason.UNSAFE_ARCHIVE),
        ("p-1.zip", build(Part()) + end_record(0, 0, len(build(Part()))), Limits(), Reason.UNSAFE_ARCHIVE),
        ("p-1.tar", TAR, Limits(member_bytes=0), Reason.UNSAFE_ARCHIVE),
        ("p-1.tar", TAR, Limits(members=1), Reason.TOO_LARGE),
        ("p-1.tar", TAR, Limits(unpacked_bytes=2000), Reason.TOO_LARGE),
    ],
)
def test_failures(tmp_path: Path, filename: str, data: bytes, limits: Limits, reason: Reason) -> None:
    with pytest.raises(Failure) as caught:
        ingest(request(tmp_path, filename, data, limits))
    assert caught.value.reason is reason
    assert not (tmp_path / "r.git" / "packed-refs").exists()


WHEEL = build(Part(name=b"p/a.py", content=b"a"), Part(name=b"p-1.dist-info/RECORD", content=b"p/b.py,,\n"))


@pytest.mark.parametrize(
    ("filename", "data", "remarks"),
    [
        (
            "p-1-py3-none-any.whl",
            WHEEL,
            ("p/a.py is in the wheel and not in its RECORD.", "RECORD lists p/b.py, which is not in the wheel."),
        ),
        ("P-1-py3-none-any.WHL", build(Part()), ("The wheel has no RECORD that lists its files.",)),
        ("p-1.zip", WHEEL, ()),
        ("p-1-py3.11.egg", WHEEL, ()),
        ("p-1.tar", TAR, ()),
    ],
)
def test_only_wheels_are_compared_with_their_record(
    tmp_path: Path, filename: str, data: bytes, remarks: tuple[str, ...]
) -> None:
    assert ingest(request(tmp_path, filename, data)).remarks == remarks


@pytest.mark.parametrize(
    ("digest", "remarks"),
    [
        (b"H0D8ktokFpR1CXnubPWC8tXX0o4YM13gWrxU0FYOD1MChgxlK_CNVgJSql50IQVG82n7u86MEs_HlXsmUv6adQ", ()),
        (b"A" * 86, ("p/a.py has another sha512 than RECORD says.",)),
    ],
)
def test_hashes_that_are_not_sha256_take_a_second_reading(
    tmp_path: Path, digest: bytes, remarks: tuple[str, ...]
) -> None:
    record = Part(name=b"p-1.dist-info/RECORD", content=b"p/a.py,sha512=" + digest + b",\n")
    data = build(Part(name=b"p/a.py", content=b"a"), record)
    report = ingest(request(tmp_path, "p-1-py3-none-any.whl", data))
    assert (report.files, report.remarks) == (2, remarks)


def test_what_is_in_the_way_is_an_operating_systems_error(tmp_path: Path) -> None:
    (tmp_path / "r.git" / "objects" / "pack").mkdir(parents=True)
    with pytest.raises(FileExistsError):
        ingest(request(tmp_path, "p-1.tar", TAR))
    with pytest.raises(FileNotFoundError):
        ingest(IngestRequest(archive="no/such", filename="a.tar", sha256="", repository="", tag="", limits=Limits()))
