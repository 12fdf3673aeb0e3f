"""What a mutant may become: a refusal that says why, or a repository that is clean, safe and what installers read."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from codehost.ingest import ingest
from codehost.model.errors import Failure, Reason
from codehost.model.members import MAX_LISTED_SKIPS, MAX_REMARKS, MIB, IngestReport, IngestRequest, Limits
from tests.fuzz.mutant import Mutant
from tests.fuzz.names import fault_of, leaves
from tests.fuzz.published import BrokenError, Listing, read_repository
from tests.fuzz.reading import UNREADABLE, read_by_library

# Small, so that mutants reach them.
LIMITS = Limits(member_bytes=1 * MIB, unpacked_bytes=64 * MIB, members=2000, directories=5000, name_bytes=1 * MIB)
PUBLISHED = "published"
_REFUSALS = frozenset({Reason.UNSAFE_ARCHIVE, Reason.UNSUPPORTED_FORMAT, Reason.TOO_LARGE})
_LONGEST_SENTENCE = 2000
_LINK = 0o120000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a mutant: ``published`` or the reason that it was refused for, and what is wrong with that.

    ``commit`` is that of a repository that still waits for git's own judgement.
    """

    outcome: str
    violations: tuple[str, ...] = ()
    commit: str | None = None


def judge(mutant: Mutant, folder: Path) -> Verdict:
    """Convert the mutant below ``folder``, which holds nothing, and look at what came of it.

    A published repository stays at ``folder / "git"``.
    """
    archive = folder / "archive"
    archive.write_bytes(mutant.data)
    request = IngestRequest(
        archive=str(archive),
        filename=mutant.filename,
        sha256=hashlib.sha256(mutant.data).hexdigest(),
        repository=str(folder / "git"),
        tag="v1",
        limits=LIMITS,
    )
    return _outcome(lambda: ingest(request), mutant, folder)


def _outcome(convert: Callable[[], IngestReport], mutant: Mutant, folder: Path) -> Verdict:
    try:
        report = convert()
    except Failure as failure:
        return Verdict(outcome=failure.reason, violations=tuple(_faults_of_failure(failure)))
    except (Exception, MemoryError) as error:  # noqa: BLE001 - nothing else may come: that is what is judged
        return Verdict(outcome="exception", violations=(f"raised {type(error).__name__}: {error}",))
    faults = [*_faults_of_report(report), *_leftovers(folder)]
    try:
        listing = read_repository(folder / "git", report.commit)
    except BrokenError as broken:
        faults.append(f"the repository is broken: {broken}")
    else:
        faults += [*faults_of_listing(listing), *faults_against_library(listing, report, mutant)]
        if len(listing) != report.files:
            faults.append(f"the report counts {report.files} files of {len(listing)}")
    return Verdict(outcome=PUBLISHED, violations=tuple(faults), commit=report.commit)


def _faults_of_failure(failure: Failure) -> list[str]:
    faults = [] if failure.reason in _REFUSALS else [f"failed for the reason {failure.reason}: {failure}"]
    said = str(failure)
    if not said.strip() or not said.isprintable() or len(said) > _LONGEST_SENTENCE:
        faults.append(f"refused with the sentence {said[:200]!r}")
    return faults


def _faults_of_report(report: IngestReport) -> list[str]:
    faults = []
    if len(report.skips) != min(report.skipped, MAX_LISTED_SKIPS):
        faults.append(f"{report.skipped} skips, of which {len(report.skips)} are listed")
    if len(report.remarks) > MAX_REMARKS or not all(remark.isprintable() for remark in report.remarks):
        faults.append("too many remarks, or one that a terminal could obey")
    return faults


def _leftovers(folder: Path) -> list[str]:
    found = {path.name for path in folder.iterdir()} - {"archive", "git"}
    return [f"left {sorted(found)} behind"] if found else []


def faults_of_listing(listing: Listing) -> list[str]:
    """What is unsafe in the paths and links of a repository."""
    targets = {path: content if mode == _LINK else None for path, (mode, content) in listing.items()}
    faults = [fault for path in listing if (fault := fault_of(path)) is not None]
    for path, target in targets.items():
        if target is not None and leaves(targets, path, target):
            faults.append(f"the link {path!r} leads out of the tree, to {target[:80]!r}")
    return faults


def faults_against_library(listing: Listing, report: IngestReport, mutant: Mutant) -> list[str]:
    """How a repository differs from what the standard library reads in the same archive."""
    try:
        found = read_by_library(mutant)
    except MemoryError:
        # Tolerated: an LZMA body that claims a dictionary of up to 4 GiB. The library makes room for all of it.
        return []
    except UNREADABLE as error:
        return [f"published, but the standard library cannot read it: {type(error).__name__}: {str(error)[:150]}"]
    prefixes = {b""} | {place.partition(b"/")[0] + b"/" for place in found if b"/" in place}
    faults = min((_differences(listing, found, prefix) for prefix in prefixes), key=len)
    missing = len(found) - len(listing)
    if missing > report.skipped:
        faults.append(f"{missing} files are missing and {report.skipped} are accounted for")
    return faults[:5]


def _differences(listing: Listing, found: Listing, prefix: bytes) -> list[str]:
    faults = []
    for path, (mode, content) in listing.items():
        other = found.get(prefix + path)
        if other is None:
            faults.append(f"{path!r} is published, and the standard library finds no such file")
        elif other[1] != content:
            faults.append(f"{path!r} has {len(content)} other bytes than the {len(other[1])} that installers read")
        elif other[0] != mode:
            faults.append(f"{path!r} has the mode {mode:o}, for installers {other[0]:o}")
    return faults
