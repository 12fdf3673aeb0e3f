"""A mirror with small releases of every habit, forty at most, and what syncing all of them should come to."""

from tests.simulator.distfiles import make_sdist, make_wheel, sdist_name, wheel_name
from tests.simulator.mirror import Fault, Mirror

MISSING = "nowhere==1.0"
_SDISTS = {"alpha": ".tar.gz", "beta": ".tar.gz", "gamma": ".zip", "delta": ".tar.bz2", "epsilon": ".tar.gz"}
_WHEELS = ("zeta", "eta", "theta")
_VERSIONS = ("1.0", "1.1", "1.2", "2.0", "2.1")
_SLOW = 0.15


def fill(mirror: Mirror, versions: int = len(_VERSIONS)) -> list[str]:
    """List and serve so many releases of each project; returns their pins, the one that is missing last."""
    pins = []
    for project, suffix in _SDISTS.items():
        for version in _VERSIONS[:versions]:
            files = {f"{project}/module{number}.py": f"# {version}.{number}\n".encode() * 50 for number in range(5)}
            mirror.add(
                sdist_name(project, version, suffix),
                make_sdist(project, version, files, suffix=suffix),
                project=project,
            )
            pins.append(f"{project}=={version}")
    for project in _WHEELS:
        for version in _VERSIONS[:versions]:
            mirror.add(wheel_name(project, version), make_wheel(project, version))
            pins.append(f"{project}=={version}")
    mirror.fault(mirror.file_path(sdist_name("beta", "1.1")), Fault(delay=_SLOW))
    mirror.fault(mirror.page_path("theta"), Fault(delay=_SLOW))
    return [*pins, MISSING]
