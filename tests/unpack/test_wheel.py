"""Wheels against their RECORD: what the remarks say, and that wheels in order have none."""

import hashlib
import io
import tracemalloc
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator
from random import Random

import pytest

from codehost.model.members import MAX_REMARKS, Limits, Member, MemberKind
from codehost.unpack.wheel import MAX_RECORD_BYTES, WheelRecord
from codehost.unpack.zip import read_zip
from tests.unpack.zips import Part, build

INFO = b"p-1.0.dist-info/"
RECORD = INFO + b"RECORD"
A = b"content of a"
LINK = 0o120777


def listed(path: str | bytes, content: bytes, algorithm: str = "sha256") -> bytes:
    name = path if isinstance(path, bytes) else path.encode()
    digest = urlsafe_b64encode(hashlib.new(algorithm, content).digest()).rstrip(b"=")
    return b"%b,%b=%b,%d\n" % (name, algorithm.encode(), digest, len(content))


def remarks_on(
    *parts: Part, record: bytes | None = None, filename: str = "p-1.0-py3-none-any.whl", limits: Limits | None = None
) -> list[str]:
    """The remarks on a wheel of these members, with a last one for its RECORD."""
    more = () if record is None else (Part(name=RECORD, content=record),)
    archive = build(*parts, *more)

    def read() -> Iterator[Member]:
        return read_zip(io.BytesIO(archive), limits or Limits())

    compared = WheelRecord(filename)
    assert list(compared.watch(read())) == list(read())
    return list(compared.remarks(read))


FILE = Part(name=b"p/a.py", content=A)
ROW = listed("p/a.py", A)
SELF = RECORD + b",,\n"


@pytest.mark.parametrize(
    ("parts", "record"),
    [
        ([FILE], ROW + SELF),
        ([FILE], ROW),
        ([FILE], ROW.replace(b"\n", b"\r\n") + SELF.replace(b"\n", b"\r\n")),
        ([FILE], ROW + ROW + SELF),
        ([FILE], b"./" + ROW),
        ([FILE], b"p//./" + ROW.removeprefix(b"p/")),
        ([Part(name=b"./p/a.py", content=A)], ROW),
        ([FILE], b'"p/a.py"' + ROW.removeprefix(b"p/a.py")),
        ([FILE], ROW.replace(b"sha256=", b"SHA256=")),
        ([FILE], ROW.replace(b",%d\n" % len(A), b"=,\n")),
        ([Part(name=b'p/"a", b\n.py', content=A)], b'"p/""a"", b\n.py"' + ROW.removeprefix(b"p/a.py")),
        ([Part(name="p/ä.py".encode(), content=A, flags=0x800)], listed("p/ä.py", A)),
        ([FILE, Part(name=b"p/"), Part(name=b"q/")], ROW + b"p/,,\nr/,,\n"),
        ([FILE, Part(name=b"p/empty.py")], ROW + listed("p/empty.py", b"")),
        ([FILE, Part(name=b"p/pipe", mode=0o010644)], ROW + listed("p/pipe", b"")),
        ([FILE, Part(name=b"p/link", mode=LINK, content=b"a.py")], ROW + listed("p/link", b"a.py")),
        ([Part(name=b"p-1.0.data/scripts/run", content=A)], listed("p-1.0.data/scripts/run", A)),
        ([FILE, Part(name=RECORD + b".jws", content=b"{}"), Part(name=RECORD + b".p7s", content=b"x")], ROW),
        ([FILE, Part(name=RECORD + b".jws", content=b"{}")], ROW + RECORD + b".jws,,\n"),
        ([FILE, Part(name=b"p/q-1.dist-info/RECORD", content=b"?")], ROW + listed("p/q-1.dist-info/RECORD", b"?")),
        *(
            ([FILE, Part(name=b"p/b.py", content=b"b")], listed("p/a.py", A, algorithm) + listed("p/b.py", b"b"))
            for algorithm in ("sha384", "sha512", "sha3_256", "sha3_384", "sha3_512", "blake2b", "blake2s")
        ),
    ],
)
def test_wheels_in_order_have_no_remarks(parts: list[Part], record: bytes) -> None:
    assert remarks_on(*parts, record=record) == []


EXTRA = "p/a.py is in the wheel and not in its RECORD."
HASH = "p/a.py has another sha256 than RECORD says."


@pytest.mark.parametrize(
    ("parts", "record", "remarks"),
    [
        ([FILE], None, ["The wheel has no RECORD that lists its files."]),
        ([FILE], b"", [EXTRA]),
        ([FILE], b"p/a.py/,,\n", [EXTRA]),
        ([FILE], b"/" + ROW, [EXTRA, "RECORD lists /p/a.py, which would lie outside the wheel."]),
        ([FILE], b"q/../" + ROW, [EXTRA, "RECORD lists q/../p/a.py, which would lie outside the wheel."]),
        ([Part(name=b"../a", content=A)], listed("../a", A), ["RECORD lists ../a, which would lie outside the wheel."]),
        ([FILE], ROW + listed("p/b.py", b""), ["RECORD lists p/b.py, which is not in the wheel."]),
        ([FILE], listed("p/a.py", b"CONTENT OF A"), [HASH]),
        ([FILE], ROW + listed("p/a.py", b"CONTENT OF A"), [HASH]),
        ([FILE], listed("p/a.py", A + b"!"), [f"p/a.py has {len(A)} bytes, and RECORD says otherwise.", HASH]),
        ([FILE], ROW.replace(b",12\n", b",-12\n"), ["p/a.py has 12 bytes, and RECORD says otherwise."]),
        ([FILE], ROW.replace(b",12\n", b",many\n"), ["p/a.py has 12 bytes, and RECORD says otherwise."]),
        ([FILE], b"p/a.py,sha256,\n", [HASH]),
        ([FILE], b"p/a.py,sha256=" + hashlib.sha256(A).hexdigest().encode() + b",\n", [HASH]),
        ([FILE], b"p/a.py,,\n", ["RECORD has no hash for p/a.py."]),
        ([FILE], b"p/a.py\n", ["RECORD has 1 fields for p/a.py and not 3.", "RECORD has no hash for p/a.py."]),
        ([FILE], ROW.replace(b"\n", b",x\n"), ["RECORD has 4 fields for p/a.py and not 3."]),
        ([FILE], ROW + b",,\n", ["RECORD lists a file without a name, which is not in the wheel."]),
        *(
            ([FILE], listed("p/a.py", A, weak), [f"RECORD's hash of p/a.py was not checked: {weak} is too weak."])
            for weak in ("md5", "sha1", "sha224")
        ),
        ([FILE], b"p/a.py,crc=x,\n", ["RECORD's hash of p/a.py was not checked: its algorithm is unknown."]),
        ([FILE], listed("p/a.py", b"", "sha512")[:-2] + b"\n", ["p/a.py has another sha512 than RECORD says."]),
        (
            [FILE],
            listed("p/a.py", A, "sha512") + listed("p/a.py", b"", "sha384")[:-2] + b"\n",
            ["RECORD has several hashes for p/a.py."],
        ),
        # Names are compared to the letter, as they are when installers write files.
        ([FILE], b"P" + ROW[1:], [EXTRA, "RECORD lists P/a.py, which is not in the wheel."]),
        ([FILE], ROW.replace(b"/", b"\\", 1), [EXTRA, "RECORD lists p\\a.py, which is not in the wheel."]),
        *(
            ([FILE], ROW + path + b",,\n", [f"RECORD lists {path.decode()}, which would lie outside the wheel."])
            for path in (
                b"/etc/passwd",
                b"../x",
                b"p/../../x",
                b"p/..",
                b"..",
                b"C:/x",
                b"c:x",
                b"\\x",
                b"p\\..\\x",
                b"//",
            )
        ),
        ([FILE], b'"', ["RECORD is not in CSV form (line 1): only what comes before was compared."]),
        ([FILE], b"\xff,,\n", ["RECORD is not in UTF-8: only what comes before was compared."]),
        ([FILE, Part(name=RECORD.lower(), content=ROW)], None, ["The wheel has no RECORD that lists its files."]),
        (
            [FILE, Part(name=b"p/" + RECORD, content=ROW)],
            None,
            ["The wheel has no RECORD that lists its files."],
        ),
        (
            [FILE, Part(name=INFO + b"RECORD.txt")],
            ROW,
            ["p-1.0.dist-info/RECORD.txt is in the wheel and not in its RECORD."],
        ),
    ],
)
def test_remarks(parts: list[Part], record: bytes | None, remarks: list[str]) -> None:
    assert remarks_on(*parts, record=record) == remarks


def test_what_comes_before_the_fault_is_compared() -> None:
    found = remarks_on(FILE, Part(name=b"p/b.py"), record=listed("p/a.py", b"CONTENT OF A") + b'"')
    assert found == ["RECORD is not in CSV form (line 2): only what comes before was compared.", HASH]


@pytest.mark.parametrize(
    ("filename", "directory", "borne"),
    [
        ("p-1.0-py3-none-any.whl", b"p-1.0", True),
        ("P-1.0-py3-none-any.WHL", b"p-1.0", True),
        ("zope_interface-5.0-cp311-cp311-linux_x86_64.whl", b"zope.interface-5.0", True),
        ("zope_interface-5.0-1-cp311-cp311-linux_x86_64.whl", b"Zope_Interface-5.0", True),
        ("torch-2.0+cu118-cp311-cp311-linux_x86_64.whl", b"torch-2.0_cu118", True),
        ("p-1.0-py3-none-any.whl", b"p-1.0.0", True),
        ("p-1.0-py3-none-any.whl", b"q-1.0", False),
        ("nonsense.whl", b"q-1.0", False),
    ],
)
def test_whose_record_it_is(filename: str, directory: bytes, *, borne: bool) -> None:
    name = directory + b".dist-info/RECORD"
    found = remarks_on(FILE, Part(name=name, content=ROW), filename=filename)
    assert found == ([] if borne else [f"{name.decode()} does not bear the wheel's name."])


@pytest.mark.parametrize("first", [True, False])
def test_of_several_records_the_wheels_own_counts(*, first: bool) -> None:
    others = [Part(name=b"p-2.dist-info/RECORD", content=b"?"), Part(name=b"q-1.dist-info/RECORD", content=b"?")]
    own = Part(name=RECORD, content=ROW + listed("p-2.dist-info/RECORD", b"?"))
    found = remarks_on(FILE, *([own, *others] if first else [*others, own]))
    assert found == [
        f"The wheel has 3 RECORD files; {RECORD.decode()} was compared.",
        "q-1.dist-info/RECORD is in the wheel and not in its RECORD.",
    ]


def test_a_member_over_the_limit_is_compared_by_its_size() -> None:
    limits = Limits(member_bytes=300)
    large = Part(name=b"p/a.py", content=b"a" * 301)
    for algorithm in ("sha256", "sha512"):
        assert remarks_on(large, record=listed("p/a.py", b"b" * 301, algorithm), limits=limits) == []
        assert remarks_on(large, record=listed("p/a.py", b"b" * 300, algorithm), limits=limits) == [
            "p/a.py has 301 bytes, and RECORD says otherwise."
        ]


def test_a_record_over_the_limit_is_not_read() -> None:
    record = ROW + listed("b" * 300, b"")
    told = [f"RECORD is too large to be read ({len(record)} bytes): nothing was compared."]
    assert remarks_on(FILE, record=record, limits=Limits(member_bytes=300)) == told


def test_only_so_many_remarks_and_the_grave_ones_first() -> None:
    missing = b"".join(listed(f"gone{number}", b"") for number in range(MAX_REMARKS + 50))
    parts = [Part(name=b"p/%d.py" % number) for number in range(MAX_REMARKS)]
    found = remarks_on(FILE, *parts, record=missing + listed("p/a.py", b"CONTENT OF A"))
    assert len(found) == MAX_REMARKS
    assert found[0] == HASH
    assert found[1:-1] == [f"p/{number}.py is in the wheel and not in its RECORD." for number in range(98)]
    assert found[-1] == "There are 152 more remarks of these kinds."


def test_as_many_as_there_is_room_for_are_all_told() -> None:
    missing = b"".join(listed(f"gone{number}", b"") for number in range(MAX_REMARKS))
    assert remarks_on(FILE, record=ROW + missing)[-1] == "RECORD lists gone99, which is not in the wheel."
    assert remarks_on(FILE, record=missing)[-1] == "There are 2 more remarks of these kinds."


def test_names_can_neither_forge_a_remark_nor_command_a_terminal() -> None:
    hostile = "x\x1b[2J\n{0}\u202e.\r\nAll is well"
    record = ROW + b'"' + hostile.encode() + b'",,\n'
    part = Part(name=b"y" + hostile.encode(), flags=0x800)
    for remark in remarks_on(FILE, part, record=record):
        assert remark.isprintable()
        assert "x\\x1b[2J\\n{0}\\u202e.\\r\\nAll is well" in remark
    long = remarks_on(FILE, Part(name=b"\x01" * 60_000), record=ROW + b"\x02" * 60_000 + b",,\n")
    assert len(long) == 2
    assert max(map(len, long)) < 1_000


def member(path: bytes, content: bytes) -> Member:
    return Member(
        path=path,
        kind=MemberKind.FILE,
        executable=False,
        mtime=0,
        size=len(content),
        content=content,
        deflated=None,
        target=b"",
    )


def test_members_are_not_read_again_for_nothing() -> None:
    def never() -> Iterable[Member]:
        raise AssertionError

    compared = WheelRecord("p-1.0-py3-none-any.whl")
    members = [member(b"p/a.py", A), member(RECORD, listed("p/a.py", b"") + listed("gone", b"", "sha512"))]
    assert list(compared.watch(members)) == members
    assert len(compared.remarks(never)) == 3


@pytest.mark.parametrize(
    ("more", "told"), [(0, "RECORD has a row of more than"), (1, "RECORD is too large to be read")]
)
def test_a_record_over_the_bound_is_not_read_whatever_the_limit(more: int, told: str) -> None:
    compared = WheelRecord("p-1.0-py3-none-any.whl")
    list(compared.watch([member(RECORD, b"x" * (MAX_RECORD_BYTES + more))]))
    (remark,) = compared.remarks(list)
    assert remark.startswith(told)


def test_each_file_is_hashed_once_more_at_most() -> None:
    record = b"".join(b"p/a.py,sha512=%d,\n" % number for number in range(1_000))
    assert remarks_on(FILE, record=record) == [
        "p/a.py has another sha512 than RECORD says.",
        "RECORD has several hashes for p/a.py.",
    ]


def test_of_large_members_and_long_records_little_is_held() -> None:
    content = bytes(1 << 20)
    record = b"".join(b"%07d,,\n" % number for number in range(40_000))

    def members() -> Iterator[Member]:
        yield member(RECORD, record)
        for number in range(50):
            yield member(b"p/%d" % number, content)

    compared = WheelRecord("p-1.0-py3-none-any.whl")
    tracemalloc.start()
    try:
        for _ in compared.watch(members()):
            pass
        assert tracemalloc.get_traced_memory()[0] < len(record) + (1 << 20)
        assert len(compared.remarks(members)) == MAX_REMARKS
        assert tracemalloc.get_traced_memory()[1] < 12 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("seed", range(100))
def test_whatever_record_says_there_are_only_remarks(seed: int) -> None:
    random = Random(seed)
    words = [
        b"p/a.py",
        b",",
        b"\n",
        b"sha256=",
        b"sha512=",
        b"12",
        b'"',
        b"../",
        b"/",
        b"\xc3\xa4",
        b"\xff",
        b"\0",
        ROW,
    ]
    record = b"".join(random.choices(words, k=random.randrange(40)))
    for remark in remarks_on(FILE, record=record):
        assert remark.isprintable()
