"""The zips of the malo corpus, when it is beside the checkout. Its ``iffy`` group is decided file by file."""

from pathlib import Path

import pytest

from codehost.model.errors import Failure, Reason
from codehost.model.members import Limits
from codehost.unpack.zip import read_zip

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "malo" / "zip"

# Every other file of the group is refused.
IFFY_READ = {
    "crc_collision_empty_nonempty": "two members with one checksum and two names: every byte is accounted for",
    "crc_collision_two_nonempty": "likewise",
    "crc_zero_nonempty": "a content whose checksum is zero, and is said to be",
    "extra3byte": "bytes behind the extra fields, too few for a field: every reader passes them over",
    "non_ascii_original_name": "code page 437 and the unicode path give the same name",
    "nosubdir": "a file in a directory that has no member of its own: so are nearly all wheels",
}

REFUSED = {
    "iffy/8bitcomment": "comment holds another end record",
    "iffy/comment_cdsize_": "two headers disagree",
    "iffy/data_descriptor_cd_zero": "data descriptor disagrees",
    "iffy/data_descriptor_flag_off": "two headers disagree|does not list",
    "iffy/data_descriptor_no_sig": "data descriptor disagrees",
    "iffy/data_descriptor_zero": "data descriptor disagrees",
    "iffy/prefix": "right before its end record|before its locator",
    "iffy/store_cdsize_": "two headers disagree",
    "iffy/suffix_not_comment": "data behind it",
    "iffy/trailing_slash_attr_mismatch": "directory has a body",
    "iffy/zip64_eocd_extensible_data": "before its locator",
    "iffy/zip64_extra_too_long": "contradict its header",
    "iffy/zip64_extra_too_short": "64-bit sizes are missing",
    "malicious/second_unicode_extra": "unicode path",
    "malicious/short_usize_zip64": "contradict its header",
    "malicious/short_usize": "compressed stream does not end",
    "malicious/trailing_slash_": "directory has a body",
    "malicious/unicode_extra_chain": "unicode path",
    "malicious/zip64_eocd_confusion": "several end records",
    "malicious/zipinzip": "several end records",
    "reject/cd_extra_entry": "overlap",
    "reject/cd_missing_entry": "data that its directory does not list",
    "reject/data_descriptor_": "data descriptor disagrees",
    "reject/shortextra": "extra field is damaged",
    "reject/zip64_extra_csize": "overlaps what follows",
    "reject/zip64_extra_usize": "size or checksum is wrong",
}

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the malo corpus is not here")
FILES = sorted(f"{path.parent.name}/{path.stem}" for path in CORPUS.glob("*/*.zip"))


def to_be_read(name: str) -> bool:
    group, stem = name.split("/")
    return group == "accept" or (group == "iffy" and stem in IFFY_READ)


def read(name: str) -> int:
    with (CORPUS / f"{name}.zip").open("rb") as file:
        return sum(1 for _ in read_zip(file, Limits()))


@pytest.mark.parametrize("name", [name for name in FILES if to_be_read(name)])
def test_read(name: str) -> None:
    assert read(name)


@pytest.mark.parametrize("name", [name for name in FILES if not to_be_read(name)])
def test_refused(name: str) -> None:
    what = next(what for prefix, what in REFUSED.items() if name.startswith(prefix))
    with pytest.raises(Failure, match=what) as caught:
        read(name)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE
