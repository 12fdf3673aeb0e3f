"""Values that the tests of the preview are fed with."""

from codehost.model.pins import Pin
from codehost.model.releases import Answer, DistributionFile, FileKind, Resolution

MIRROR = "https://mirror.example.com/simple"


def resolution(pin: Pin, *, yanked: str | None = None) -> Resolution:
    filename = f"{pin.project}-{pin.version}.tar.gz"
    file = DistributionFile(
        filename=filename,
        url=f"https://files.example.com/{filename}?token=canary",
        kind=FileKind.SDIST,
        version=pin.release.version,
        size=10,
        yanked=yanked,
    )
    page = f"{MIRROR}/{pin.project}/"
    asked = (Answer(mirror=MIRROR, page_url=page, said=f"has {filename}"),)
    return Resolution(pin=pin, mirror=MIRROR, page_url=page, file=file, why="the only sdist", asked=asked)
