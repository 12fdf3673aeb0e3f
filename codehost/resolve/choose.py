"""Which distribution file stands for a release. Pure, and the same on every run."""

from collections.abc import Sequence

from codehost.model.releases import DistributionFile, FileKind
from codehost.resolve.filenames import SDIST_SUFFIXES


def choose_file(files: Sequence[DistributionFile]) -> tuple[DistributionFile, str] | None:
    """The file to take among those of one release, in the page's order, and why; None when there is none.

    The first sdist wins (.tar.gz before .zip before others), else the first wheel by name (pure before platform), else
    the first egg by name.
    """
    sdists = [file for file in files if file.kind is FileKind.SDIST]
    if sdists:
        chosen = min(sdists, key=_sdist_rank)
        return chosen, "the only sdist" if len(sdists) == 1 else f"the first of {len(sdists)} sdists, .tar.gz preferred"
    wheels = sorted((file for file in files if file.kind is FileKind.WHEEL), key=lambda file: file.filename)
    pure = [wheel for wheel in wheels if _is_pure(wheel)]
    if pure:
        return pure[0], "no sdist; the first pure wheel by name"
    if wheels:
        return wheels[0], "no sdist and no pure wheel; the first platform wheel by name"
    eggs = sorted((file for file in files if file.kind is FileKind.EGG), key=lambda file: file.filename)
    return (eggs[0], "no sdist and no wheel; the first egg by name") if eggs else None


def _sdist_rank(file: DistributionFile) -> int:
    name = file.filename.lower()
    # SDIST_SUFFIXES is in order of preference; min keeps the page's order among equals.
    rank = next(rank for rank, suffix in enumerate(SDIST_SUFFIXES) if name.endswith(suffix))
    return min(rank, 2)


def _is_pure(wheel: DistributionFile) -> bool:
    # PEP 425: abi "none" and platform "any" run anywhere.
    return wheel.filename.lower().endswith("-none-any.whl")
