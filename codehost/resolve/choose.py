"""Which distribution file stands for a release. Pure, and the same on every run."""

from collections.abc import Sequence

from codehost.model.releases import DistributionFile, FileKind
from codehost.resolve.filenames import SDIST_SUFFIXES


def choose_file(files: Sequence[DistributionFile]) -> tuple[DistributionFile, str] | None:
    """The file to take among those of one release, in the page's order, and why; None when there is none.

    The first sdist wins (.tar.gz before .zip before others), else the first wheel by name (pure before platform), else
    the first egg by name. Files are yanked one by one (PEP 592): among sdists, among wheels and among eggs, one that
    is not yanked goes before all that are, but a yanked sdist still goes before any wheel, because it is the source.
    A release of which everything is yanked is chosen from as if nothing were.
    """
    sdists = _of_kind(files, FileKind.SDIST)
    if sdists:
        chosen = min(sdists, key=_sdist_rank)
        why = "the only sdist" if len(sdists) == 1 else f"the first of {len(sdists)} sdists, .tar.gz preferred"
        return chosen, _and_not_yanked(why, sdists)
    wheels = _of_kind(files, FileKind.WHEEL)
    if wheels:
        chosen = min(wheels, key=_wheel_rank)
        lacking = "no sdist" if any(map(_is_pure, wheels)) else "no sdist and no pure wheel"
        sort = "pure" if _is_pure(chosen) else "platform"
        return chosen, _and_not_yanked(f"{lacking}; the first {sort} wheel by name", wheels)
    eggs = _of_kind(files, FileKind.EGG)
    if eggs:
        chosen = min(eggs, key=lambda egg: (egg.yanked is not None, egg.filename))
        return chosen, _and_not_yanked("no sdist and no wheel; the first egg by name", eggs)
    return None


def _of_kind(files: Sequence[DistributionFile], kind: FileKind) -> list[DistributionFile]:
    return [file for file in files if file.kind is kind]


def _and_not_yanked(why: str, files: Sequence[DistributionFile]) -> str:
    yanked = sum(file.yanked is not None for file in files)
    return f"{why}, of those not yanked" if 0 < yanked < len(files) else why


def _sdist_rank(file: DistributionFile) -> tuple[bool, int]:
    name = file.filename.lower()
    # SDIST_SUFFIXES is in order of preference; min keeps the page's order among equals.
    rank = next(rank for rank, suffix in enumerate(SDIST_SUFFIXES) if name.endswith(suffix))
    return file.yanked is not None, min(rank, 2)


def _wheel_rank(file: DistributionFile) -> tuple[bool, bool, str]:
    return file.yanked is not None, not _is_pure(file), file.filename


def _is_pure(wheel: DistributionFile) -> bool:
    # PEP 425: abi "none" and platform "any" run anywhere.
    return wheel.filename.lower().endswith("-none-any.whl")
