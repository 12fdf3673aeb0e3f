"""The tars of the malo corpus (archives that other archives' readers understand differently), each with its fate."""

from pathlib import Path

import pytest

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import IngestReport, IngestRequest, Limits, SkipReason
from tests.unpack.readers import GNU_TAR, gnu_tar_tree, ours, tarfile_tree

MALO = Path(__file__).parents[2].parent / "shared" / "corpora" / "malo" / "tar"
NOTHING_LEFT = "holds no file that can be stored"
BODY = "has a body of"

# Read, although the corpus would rather not, and why there is no harm in it. test_no_other_reader_sees_anything_else
# has tarfile and GNU tar as its witnesses.
HARMLESS = {
    "iffy/gnu_magic": "what GNU tar writes",
    "iffy/name_no_nul": "POSIX: a name of 100 bytes has no NUL",
    "iffy/no_magic": "what the seventh edition's tar wrote",
    "iffy/pax_path_nonzero_fixed": "every writer fills both names",
    "iffy/pax_path_second_block": "long comments are pax",
    "iffy/regular_nul": "what the seventh edition's tar wrote",
    "malicious/contiguous": "POSIX: a reader without contiguous files takes type 7 for a file",
    "malicious/contiguous_with_data": "the same; the header in its body is content for all",
    "malicious/contiguous_with_embedded_header": "the same; the header in its body is content for all",
    "malicious/hardlink": "its target is in the archive before it; sdists have such",
    "malicious/nonpax_duplicate_name": "extracting and tarfile's getmember give the later one; the skip is on record",
    "malicious/pax_binary_mode_names": "tarfile writes names so that are not in UTF-8",
    "malicious/pax_dotslash_path": "a dot in front names the same place",
    "malicious/pax_duplicate_exact": "extracting and tarfile's getmember give the later one; the skip is on record",
    "malicious/pax_duplicate_name": "two names, composed and decomposed, are two files; see TWO_FILES",
    "malicious/pax_linkpath_symlink": "pax overrides the header, for all",
    "malicious/pax_path_and_prefix_traversal": "pax overrides the header and its prefix, for all",
    "malicious/pax_path_key_split": "a record may lie over the border of blocks",
    "malicious/pax_path_value_split": "a record may lie over the border of blocks",
    "malicious/symlink": "its target is in the tree",
    "reject/gnu_longname": "GNU's long names are in many sdists",
    "reject/prefix_dot_name_foo_reg": "./foo is foo for all",
}

# A link and what it names; and members of which only Unicode's normalisation makes one, as file systems of some
# readers do, and libarchive. A repository holds both, as git does for any two names.
TWO_FILES = {"malicious/hardlink", "malicious/symlink", "malicious/pax_duplicate_name"}
# Of these the earlier one is on record.
DUPLICATES = {"malicious/nonpax_duplicate_name", "malicious/pax_duplicate_exact"}

# Read, but nothing of it may enter a tree. Beside other members the bad ones would be skipped with these reasons.
SKIPPED = {
    "iffy/backslash_name": SkipReason.UNSAFE_NAME,
    "malicious/absolute_path": SkipReason.UNSAFE_NAME,
    "malicious/blockdev": SkipReason.DEVICE,
    "malicious/chardev": SkipReason.DEVICE,
    "malicious/fifo": SkipReason.DEVICE,
    "malicious/path_traversal": SkipReason.UNSAFE_NAME,
    "malicious/pax_path_cr": SkipReason.UNSAFE_NAME,
    "malicious/prefix_dir_name_empty": None,  # directories only: git has none that are empty
    "malicious/prefix_dot_name_foo": None,
    "malicious/prefix_empty_name_dot": None,
    "malicious/prefix_empty_name_slashfoo": None,
    "reject/gnu_longlink": SkipReason.LINK_TARGET_MISSING,
}

REFUSED = {
    "iffy/empty_name": "has no name",  # GNU tar: the directory itself; node: no member
    "iffy/pax_empty_path": "empty path",  # libarchive and Go: the header's name
    "iffy/pax_record_leading_zero_length": "no length",  # node passes over the record
    "iffy/pax_sparse_basic": "sparse",  # GNU tar and node leave out the hole
    "iffy/pax_utf16_hdrcharset_UTF16": "not in UTF-8",  # Go fails; GNU tar and libarchive end the name at its NUL
    "iffy/pax_utf16_hdrcharset_utf16": "not in UTF-8",  # the same
    "iffy/pax_utf16_name": "NUL in a name",  # the same
    "iffy/sparse_no_chunks_nonzero": "unknown type b'S'",  # Go fails, node passes over it
    "iffy/sparse_no_chunks_zero": "unknown type b'S'",  # libarchive fails too
    "iffy/sparse_zero_chunk": "unknown type b'S'",  # zeros for tarfile, an empty file for libarchive
    "iffy/unknown_A_data": "unknown type b'A'",  # a file for some, an access list for others
    "iffy/unknown_A_zero": "unknown type b'A'",  # the same
    "malicious/blockdev_with_data": BODY,
    "malicious/blockdev_with_embedded_header": BODY,
    "malicious/chardev_with_data": BODY,
    "malicious/chardev_with_embedded_header": BODY,
    "malicious/dir_with_data": BODY,
    "malicious/dir_with_embedded_entry": BODY,
    "malicious/dir_with_embedded_header": BODY,
    "malicious/dir_with_embedded_header_and_pax": BODY,
    "malicious/dumpdir": "unknown type b'D'",
    "malicious/dumpdir_with_data": "unknown type b'D'",
    "malicious/dumpdir_with_embedded_header": "unknown type b'D'",
    "malicious/fifo_with_data": BODY,
    "malicious/fifo_with_embedded_header": BODY,
    "malicious/hardlink_with_data": BODY,
    "malicious/hardlink_with_embedded_header": BODY,
    "malicious/pax_bad_hdrcharset_ascii": "not in UTF-8",
    "malicious/pax_global_path": "global header sets path",
    "malicious/pax_global_size": "global header sets size",
    "malicious/pax_global_size_local_path": "global header sets size",
    "malicious/pax_iso88591_hdrcharset": "not in UTF-8",
    "malicious/pax_local_size_override": "5 bytes by its header and 3 by its extended header",
    "malicious/pax_multiple_headers": "two extended headers",
    "malicious/pax_null_at_end_of_key": "NUL in a name",
    "malicious/pax_null_in_string": "NUL in a name",
    "malicious/pax_overlong_utf8": "not in UTF-8",
    "malicious/pax_path_trailing_slash_file": "ends as a directory's",
    "malicious/pax_two_paths_evil_first": "says path twice",
    "malicious/pax_two_paths_evil_last": "says path twice",
    "malicious/pax_utf16_hdrcharset": "NUL in a name",
    "malicious/pax_x_then_g_drops_path": "between a member and its extended header",
    "malicious/prefix_empty_name_empty": "has no name",
    "malicious/sparse_huge": "unknown type b'S'",
    "malicious/symlink_with_data": BODY,
    "malicious/symlink_with_embedded_header": BODY,
    "malicious/volume_header": "unknown type b'V'",
    "malicious/volume_header_with_data": "unknown type b'V'",
    "malicious/volume_header_with_embedded_header": "unknown type b'V'",
    "malicious/zero_blocks_middle": "members behind the end",
    "reject/bad_checksum": "checksum is wrong",
    "reject/nonoctal_size": "checksum is wrong",
    "reject/pax_missing_newline": "record is damaged",
    "reject/pax_no_equals": "record is damaged",
    "reject/pax_null_in_key": "NUL in a name",
    "reject/pax_sparse_map_overflow": "sparse",
    "reject/pax_sparse_numblocks_mismatch": "sparse",
    "reject/prefix_empty_name_empty_reg": "has no name",
    "reject/sparse_basic": "unknown type b'S'",
    "reject/truncated": "ends within a member",
}

needs_malo = pytest.mark.skipif(not MALO.is_dir(), reason="the malo corpus is not here")
FILES = {f"{path.parent.name}/{path.stem}": path for path in sorted(MALO.glob("*/*.tar"))}


def stored(case: str, directory: Path) -> IngestReport:
    request = IngestRequest(
        archive=str(FILES[case]),
        filename="a-1.tar",
        sha256="0" * 64,
        repository=str(directory / "a.git"),
        tag="v1",
        limits=Limits(),
    )
    return ingest(request)


@needs_malo
def test_every_file_has_its_fate() -> None:
    accepted = {case for case in FILES if case.startswith("accept/")}
    assert set(FILES) == accepted | set(HARMLESS) | set(SKIPPED) | set(REFUSED)


@needs_malo
@pytest.mark.parametrize("case", sorted(case for case in FILES if case.startswith("accept/")))
def test_clean_files_are_stored(case: str, tmp_path: Path) -> None:
    report = stored(case, tmp_path)
    assert (report.files, report.skips) == (1, ())


@needs_malo
@pytest.mark.parametrize("case", REFUSED)
def test_what_has_two_meanings_is_refused(case: str, tmp_path: Path) -> None:
    with pytest.raises(Failure, match=REFUSED[case]) as caught:
        stored(case, tmp_path)
    assert caught.value.reason is Reason.UNSAFE_ARCHIVE


@needs_malo
@pytest.mark.parametrize("case", SKIPPED)
def test_what_may_not_enter_a_tree_leaves_nothing(case: str, tmp_path: Path) -> None:
    with pytest.raises(Failure, match=NOTHING_LEFT):
        stored(case, tmp_path)


@needs_malo
@pytest.mark.parametrize("case", HARMLESS)
def test_harmless_files_are_stored(case: str, tmp_path: Path) -> None:
    report = stored(case, tmp_path)
    assert report.files == (2 if case in TWO_FILES else 1)
    assert [skip.reason for skip in report.skips] == [SkipReason.NAME_CONFLICT] * (case in DUPLICATES)


@needs_malo
@pytest.mark.skipif(GNU_TAR is None, reason="GNU tar is not installed")
@pytest.mark.parametrize("case", HARMLESS)
def test_no_other_reader_sees_anything_else(case: str, tmp_path: Path) -> None:
    data = FILES[case].read_bytes()
    assert ours(data) == tarfile_tree(data) == gnu_tar_tree(data, tmp_path)
