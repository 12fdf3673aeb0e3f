"""The one release that the small tests sync."""

from tests.simulator.distfiles import make_sdist, sdist_name
from tests.simulator.mirror import Mirror

PIN = "six==1.0"
REPOSITORY = "python/six/1.0"
FILE = sdist_name("six", "1.0")


def serve_six(mirror: Mirror) -> None:
    """List and serve it."""
    mirror.add(FILE, make_sdist("six", "1.0"))
