"""What the servers of these tests hold. The same project on two of them has different files, so one can tell."""

import hashlib
import json
from pathlib import Path

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from tests.simulator.distfiles import make_sdist, make_wheel, sdist_name, wheel_name
from tests.simulator.mirror import Mirror

Files = dict[str, bytes]


def release(project: str, version: str, owner: str) -> Files:
    """An sdist, by its name; ``owner`` makes its bytes differ from other owners'."""
    return {sdist_name(project, version): make_sdist(project, version, {"OWNER": owner.encode()})}


# On the mirror that is asked first: some of its own, and one that has its name in public too.
PRIVATE: Files = (
    release("inhouse", "1.0", "private")
    | release("inhouse", "1.1", "private")
    | release("tools", "2.0", "private")
    | release("tools", "2.1", "private")
    | release("common", "1.0", "private")
    | {wheel_name("wheely", "3.0"): make_wheel("wheely", "3.0")}
)
PUBLIC: Files = (
    release("common", "1.0", "public") | release("common", "2.0", "public") | release("open", "1.0", "public")
)
SDIST = sdist_name("inhouse", "1.0")


def sha256(files: Files, filename: str) -> str:
    return hashlib.sha256(files[filename]).hexdigest()


def project_of(filename: str) -> str:
    """The normalised project of a distribution file."""
    return _parsed(filename)[0]


def version_of(filename: str) -> str:
    """The version of a distribution file."""
    return _parsed(filename)[1]


def _parsed(filename: str) -> tuple[str, str]:
    name, version = parse_wheel_filename(filename)[:2] if filename.endswith(".whl") else parse_sdist_filename(filename)
    return name, str(version)


def by_project(files: Files) -> dict[str, Files]:
    projects: dict[str, Files] = {}
    for filename, data in files.items():
        projects.setdefault(project_of(filename), {})[filename] = data
    return projects


def fill(mirror: Mirror, files: Files) -> None:
    """List and serve the files on a simulated mirror."""
    for filename, data in files.items():
        mirror.add(filename, data)


def write_flat(folder: Path, files: Files) -> None:
    """All files in one folder."""
    folder.mkdir(parents=True)
    for filename, data in files.items():
        (folder / filename).write_bytes(data)


def write_by_project(folder: Path, files: Files) -> None:
    """A folder for each project."""
    for project, its_files in by_project(files).items():
        write_flat(folder / project, its_files)


def write_static_tree(folder: Path, files: Files) -> None:
    """What a static mirror's program leaves for a web server: pages, their JSON beside them, files by their digest.

    The files lie where the public index has them: ``packages/``, two and two and sixty digits of a BLAKE2b digest.
    """
    simple = folder / "simple"
    projects = by_project(files)
    names: list[object] = [{"name": project} for project in projects]
    anchors = [f'<a href="{project}/">{project}</a><br/>' for project in projects]
    _write_page(simple, "Simple Index", anchors, {"projects": names})
    for project, its_files in projects.items():
        places = {filename: _store(folder, filename, data) for filename, data in its_files.items()}
        digests = {filename: sha256(its_files, filename) for filename in its_files}
        entries: list[object] = [
            {"filename": name, "url": f"../../{place}", "hashes": {"sha256": digests[name]}, "yanked": False}
            for name, place in places.items()
        ]
        anchors = [f'<a href="../../{place}#sha256={digests[name]}">{name}</a><br/>' for name, place in places.items()]
        _write_page(simple / project, f"Links for {project}", anchors, {"name": project, "files": entries})


def _store(folder: Path, filename: str, data: bytes) -> Path:
    digest = hashlib.blake2b(data, digest_size=32).hexdigest()
    place = Path("packages", digest[:2], digest[2:4], digest[4:], filename)
    (folder / place).parent.mkdir(parents=True)
    (folder / place).write_bytes(data)
    return place


def _write_page(folder: Path, title: str, anchors: list[str], content: dict[str, object]) -> None:
    folder.mkdir(parents=True)
    head = (
        f'<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"><title>{title}</title></head>'
    )
    page = "\n".join((head, f"<body><h1>{title}</h1>", *anchors, "</body></html>"))
    for name in ("index.html", "index.v1_html"):
        (folder / name).write_text(page, encoding="utf-8")
    # Beside it for servers that choose by what is asked for; a plain one never shows it.
    (folder / "index.v1_json").write_text(json.dumps({"meta": {"api-version": "1.0"}, **content}), encoding="utf-8")
