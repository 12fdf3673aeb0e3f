import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from codehost.config.loading import load
from tests.desk import Desk

REQUIREMENTS = "six==1.16.0  # ours\nattrs>=20\n-e ./local\nFlask[async]==3.0.3 ; python_version > '3'\n"
DOCUMENT = """// Ours.
{
    "urls": ["https://mirror.example.com"],  // the only one
    "dependencies": [
        "six==1.16", // known under another spelling
    ],
}
"""
UPDATED = DOCUMENT.replace("spelling\n", 'spelling\n        "Flask==3.0.3",\n')


@pytest.fixture
def bare(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A machine on which nothing configures pip or uv."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "SSL_")) or "PROXY" in name.upper()]:
        monkeypatch.delenv(name)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.chdir(desk.folder)
    return desk


def requirements(desk: Desk) -> str:
    file = desk.folder / "requirements.txt"
    file.write_text(REQUIREMENTS)
    return str(file)


def test_init(bare: Desk) -> None:
    ran = bare.run("init")
    written = bare.folder / "python-packages.jsonc"
    config = load(written.read_bytes()).config
    assert (ran.status, ran.err) == (0, "")
    assert config is not None
    assert [mirror.url for mirror in config.mirrors] == ["https://pypi.org/simple"]
    assert ran.out.startswith("python-packages.jsonc written")
    assert "Next: codehost import requirements.txt --update python-packages.jsonc" in ran.out


def test_init_keeps_what_is_there(bare: Desk) -> None:
    file = bare.folder / "mine.jsonc"
    file.write_text("{}")
    ran = bare.run("init", str(file))
    assert (ran.status, ran.out, file.read_text()) == (3, "", "{}")
    assert ran.err == f"codehost: {file} is there already and stays as it is: name another file, or remove it.\n"


def test_init_where_nothing_can_be_written(bare: Desk) -> None:
    ran = bare.run("init", "missing/mine.jsonc")
    assert (ran.status, ran.out) == (3, "")
    assert ran.err.startswith("codehost: missing/mine.jsonc cannot be written (No such file or directory): check")


def test_init_follows_pip_and_copies_no_secret(bare: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ini = bare.folder / "pip.conf"
    ini.write_text(f"[global]\nindex-url = http://ann:canary@{bare.mirror.base[7:]}/simple\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(ini))
    ran = bare.run("init", "mine.jsonc")
    text = (bare.folder / "mine.jsonc").read_text()
    config = load(text.encode()).config
    assert ran.status == 0
    assert config is not None
    assert config.mirrors[0].url == bare.mirror.url
    assert config.mirrors[0].credentials is not None
    assert "canary" not in text + ran.out + ran.err
    assert str(ini) in ran.out


def test_an_import_prints_a_document(desk: Desk) -> None:
    ran = desk.run("import", requirements(desk))
    config = load(ran.out.encode()).config
    assert ran.status == 0
    assert config is not None
    assert [str(pin) for pin in config.pins] == ["six==1.16.0", "flask==3.0.3"]
    assert "requirements.txt:2: attrs>=20 " in ran.err
    assert "requirements.txt:3: --editable " in ran.err
    assert ran.err.endswith("2 pins found, 2 left out\n")


def test_an_import_updates_a_document(desk: Desk) -> None:
    desk.file.write_text(DOCUMENT)
    desk.file.chmod(0o640)
    link = desk.folder / "link.jsonc"
    link.symlink_to(desk.file)
    ran = desk.run("import", requirements(desk), "--update", str(link))
    assert ran.status == 0
    assert ran.out == f"  + Flask==3.0.3\n{link}: 1 added; 1 already there\n"
    assert desk.file.read_text() == UPDATED
    assert (desk.file.stat().st_mode & 0o777, link.is_symlink()) == (0o640, True)
    again = desk.run("import", requirements(desk), "--update", str(desk.file))
    assert (again.status, again.out) == (0, f"{desk.file}: nothing to add; 2 already there\n")
    assert desk.file.read_text() == UPDATED
    assert sorted(path.name for path in desk.folder.iterdir()) == ["host.jsonc", "link.jsonc", "requirements.txt"]


def test_a_document_with_mistakes_stays_as_it_is(desk: Desk) -> None:
    desk.file.write_text('{"urls": 1}')
    ran = desk.run("import", requirements(desk), "--update", str(desk.file))
    assert (ran.status, ran.out, desk.file.read_text()) == (2, "", '{"urls": 1}')
    assert "/urls" in ran.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.txt", None, "cannot be read (No such file or directory)"),
        ("notes.md", "# Hello\nworld, this is prose", "uv.lock"),
        ("uv.lock", "[[package", "uv.lock"),
    ],
)
def test_a_file_that_cannot_be_imported(desk: Desk, name: str, content: str | None, said: str) -> None:
    file = desk.folder / name
    if content is not None:
        file.write_text(content)
    ran = desk.run("import", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("codehost: ")
    assert said in ran.err


def test_nothing_but_what_is_left_out(desk: Desk) -> None:
    file = desk.folder / "requirements.txt"
    file.write_text("attrs>=20\n")
    assert desk.run("import", str(file)).status == 1


def test_standard_input(tmp_path: Path) -> None:
    """What pip freeze says of this very environment."""
    frozen = subprocess.run([sys.executable, "-m", "pip", "freeze"], capture_output=True, check=True).stdout
    command = [sys.executable, "-m", "codehost", "import", "-"]
    ran = subprocess.run(command, input=frozen, capture_output=True, check=True, cwd=tmp_path)
    config = load(ran.stdout).config
    assert config is not None
    assert {"aiohttp", "packaging"} <= {pin.project for pin in config.pins}


def test_what_was_imported_can_be_synced(desk: Desk) -> None:
    desk.configure()
    file = desk.folder / "requirements.txt"
    file.write_text("six==1.0\nattrs==2.0\n")
    assert desk.run("import", str(file), "--update", str(desk.file)).status == 0
    assert json.loads(desk.file.read_text())["dependencies"] == ["six==1.0", "attrs==2.0"]
    assert desk.sync().status == 0


@pytest.mark.parametrize("included", ["-r missing.txt", "-r https://example.com/r.txt"])
def test_an_included_file_that_is_not_read_is_a_failure(desk: Desk, included: str) -> None:
    file = desk.folder / "requirements.txt"
    file.write_text(f"{included}\nsix==1.0\n--extra-index-url https://u:canary@nexus.example.com/x\n")
    ran = desk.run("import", str(file))
    assert ran.status == 1
    assert '"six==1.0"' in ran.out
    assert "WARNING: 1 pin may come from https://nexus.example.com (six): put" in ran.err.replace("\n", " ")
    assert "canary" not in ran.out + ran.err


def test_standard_input_twice_and_empty(desk: Desk, tmp_path: Path) -> None:
    ran = desk.run("import", "-", "-")
    assert (ran.status, ran.err) == (2, "codehost: standard input can be read only once: name - once.\n")
    command = [sys.executable, "-m", "codehost", "import", "-"]
    empty = subprocess.run(command, input=b"", capture_output=True, check=True, cwd=tmp_path)
    assert b"standard input: read as" in empty.stderr
    assert b"0 pins found" in empty.stderr


def test_init_has_no_standard_output(bare: Desk) -> None:
    ran = bare.run("init", "-")
    assert (ran.status, ran.err) == (3, "codehost: - is no file that can be written: name a file.\n")


@pytest.mark.parametrize("kind", ["pipe", "large"])
def test_init_reads_only_regular_files_of_a_size(bare: Desk, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    path = bare.folder / "pip.conf"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("#" * (1024 * 1024 + 1))
    monkeypatch.setenv("PIP_CONFIG_FILE", str(path))
    ran = bare.run("init")
    assert ran.status == 0
    assert ("it is no regular file" if kind == "pipe" else "it is larger than 1 MiB") in ran.out.replace("\n", " ")


def test_init_leaves_no_half_document(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from codehost.cli.main import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); sys.exit(main(['init', 'mine.jsonc']))"
    )
    environ = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, env=environ)
    assert ran.returncode == 3, ran.stderr
    assert list(tmp_path.iterdir()) == []
