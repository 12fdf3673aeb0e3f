"""The project as it is packaged: what is declared, what a wheel holds, and that an installed one works."""

import ast
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import codehost
from tests.simulator.mirror import Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Imported by a name in a string, so no import statement shows them.
BY_NAME = {
    "aiosqlite": "SQLAlchemy imports it for sqlite+aiosqlite URLs",
    "isal": "codehost.model.deflate tries it",
    "zlib-ng": "codehost.model.deflate tries it",
}


def declared() -> set[str]:
    return {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}


def imported_modules() -> Iterator[str]:
    for folder in ("codehost", "migrations"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module.partition(".")[0]


def test_the_version_is_one() -> None:
    assert importlib.metadata.version("codehost") == codehost.__version__ == PROJECT["version"]


def test_what_is_imported_is_declared_and_the_other_way_round() -> None:
    distributions = importlib.metadata.packages_distributions()
    foreign = set(imported_modules()) - set(sys.stdlib_module_names) - {"codehost"}
    imported = {canonicalize_name(distributions[module][0]) for module in foreign}
    assert imported | set(BY_NAME) == declared()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_dependency_is_locked_within_its_bounds(lock: str) -> None:
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))
    for requirement in map(Requirement, PROJECT["dependencies"]):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement.name


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (built,) = folder.glob("*.whl")
    return built


def test_what_the_wheel_holds(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {path.relative_to(ROOT).as_posix() for path in (ROOT / "codehost").rglob("*.py")}
    expected |= {f"codehost/schema/{path.name}" for path in (ROOT / "schema").glob("*.json")}
    migrations = (path for path in (ROOT / "migrations").rglob("*") if path.suffix in {".py", ".mako"})
    expected |= {f"codehost/{path.relative_to(ROOT).as_posix()}" for path in migrations}
    expected |= {"codehost/py.typed"}
    templates = (ROOT / "codehost" / "serve" / "pages" / "templates").iterdir()
    expected |= {path.relative_to(ROOT).as_posix() for path in templates}
    assert expected - names == set()
    others = {name for name in names - expected if ".dist-info/" not in name}
    assert others == set()
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of a fresh environment with the wheel in it, and the dependencies of this one."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True, timeout=120)
    # A path in a .pth file is searched last, and the .pth files inside of it are not read: the checkout stays out.
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    return folder / "bin"


def run(program: Path, *arguments: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CODEHOST"))}
    return subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_installed_wheel_is_the_one_that_runs(installed: Path, tmp_path: Path) -> None:
    ran = run(installed / "python", "-c", "import codehost; print(codehost.__file__)", folder=tmp_path)
    assert ran.stdout.startswith(str(installed.parent)), ran.stderr


def test_an_installed_wheel_validates_and_syncs(installed: Path, tmp_path: Path) -> None:
    mirror = Mirror()
    add_sdist(mirror, "six==1.0")
    program = installed / "codehost"
    with running(mirror):
        file = tmp_path / "host.jsonc"
        file.write_text(json.dumps({"urls": [mirror.url], "dependencies": ["six==1.0"]}), encoding="utf-8")
        validated = run(program, "validate", "host.jsonc", folder=tmp_path)
        assert (validated.returncode, validated.stdout) == (0, "host.jsonc: valid, 1 pins\n"), validated.stderr
        synced = run(program, "sync", "host.jsonc", "--json", folder=tmp_path)
    assert synced.returncode == 0, synced.stderr
    assert json.loads(synced.stdout)["counts"]["synced"] == 1
    assert (tmp_path / "data" / "repos" / "python" / "six" / "1.0.git" / "HEAD").exists()
    assert run(program, "verify", folder=tmp_path).stdout == "1 repositories checked, 0 not sound\n"


def test_the_module_runs_too(installed: Path, tmp_path: Path) -> None:
    ran = run(installed / "python", "-m", "codehost", "--version", folder=tmp_path)
    assert ran.stdout == f"codehost, version {codehost.__version__}\n"
