"""Every command in the pages for people who serve runs here as it is written, and prints what the page shows."""

from pathlib import Path

import pytest

from codehost.config.loading import load
from tests.examples.blocks import blocks, prints, steps
from tests.examples.terminal import PYPI, terminal
from tests.simulator.mirror import Mirror
from tests.simulator.running import running
from tests.wiring import add_sdist

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", "docs/serving.md", "docs/api.md", "docs/feed.md", "docs/search.md"]
PINS = [
    "six==1.16.0",
    "six==1.15.0",
    "attrs==21.1.0",
    "click==8.1.7",
    "Flask==3.0.3",
    "idna==3.7",
    "isal==1.6.1",
    "packaging==24.1",
    "typing_extensions==4.12.2",
    "zope.interface==6.3",
    "pyreadline==2.1",
    "Twisted==13.2.0",
    "entrypoints==0.2.2",
]
# Commands that end otherwise, by how they begin.
STATUSES = {
    ".venv/bin/codehost status": 1,  # one pin of the example does not exist, on purpose
    "codehost search 'retry (a or'": 2,  # nor can this be understood
}
# What is no terminal of this machine, by its first line, and who else looks at it.
NOT_RUN = {
    ("README.md", "make run     # syncs the example: a dozen real releases, then searches them"): "installs, asks PyPI",
    ("README.md", "{"): "a document: below",
    (
        "docs/serving.md",
        "codehost serve --listen 0.0.0.0:3434 --tls-certificate /etc/codehost/tls.pem --tls-key /etc/codehost/tls.key",
    ): ("a certificate of one's own, and other machines; options: tests/test_docs.py, TLS: tests/serve"),
    (
        "docs/serving.md",
        "codehost serve --public-url https://code.example.com/codehost --trusted-proxy 127.0.0.1 --reading token",
    ): ("behind a proxy: test_nginx.py"),
    (
        "docs/feed.md",
        "codehost follow https://code.example.com /srv/zoekt/repos --token-file /etc/codehost/reader",
    ): "there is no Zoekt here; what is kept: tests/consume",
    ("docs/feed.md", "codehost follow https://code.example.com /srv/clones \\"): "as above",
    (
        "docs/feed.md",
        "codehost follow https://code.example.com /srv/notified --notify http://127.0.0.1:6060/index",
    ): "as above; a stand-in is notified in tests/consume",
    ("docs/serving.md", "server {"): "nginx: test_nginx.py",
    ("docs/serving.md", "code.example.com {"): "there is no Caddy here",
    ("docs/serving.md", "<VirtualHost *:443>"): "there is no Apache here",
    ("docs/serving.md", "cp docs/examples/codehost-serve.service /etc/systemd/system/"): (
        "root and systemd; the unit: tests/test_docs.py"
    ),
}


def test_what_does_not_run_is_known() -> None:
    found = {
        (page, block.text.splitlines()[0])
        for page in PAGES
        for block in blocks((ROOT / page).read_text(encoding="utf-8"))
        if block.kind != "console"
    }
    assert found == set(NOT_RUN)


def test_documents_are_valid() -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    found = [load(block.text.encode()).violations for block in blocks(page) if block.kind == "jsonc"]
    assert found == [()]


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str, tmp_path: Path, unused_tcp_port: int) -> None:
    mirror = Mirror()
    for pin in PINS:
        add_sdist(mirror, pin)
    with running(mirror), terminal(tmp_path, mirror.url, unused_tcp_port) as shell:
        furnish(tmp_path, mirror.url)
        for block in blocks((ROOT / page).read_text(encoding="utf-8")):
            for step in steps(block) if block.kind == "console" else ():
                place = f"{page}:{step.line}: {step.command}"
                said = shell.run(step.command)
                assert (said.status, said.text) == (expected_status(step.command), said.text), place
                assert not step.shown or prints(step.shown, said.text), f"{place}\n{said.text}"


def expected_status(command: str) -> int:
    return next((status for begin, status in STATUSES.items() if command.startswith(begin)), 0)


def furnish(folder: Path, mirror: str) -> None:
    """What lies around where the pages' commands are given."""
    examples = folder / "docs" / "examples"
    examples.mkdir(parents=True)
    for path in (ROOT / "docs" / "examples").iterdir():
        (examples / path.name).write_text(path.read_text(encoding="utf-8").replace(PYPI, mirror), encoding="utf-8")
    (folder / "work.jsonc").write_text(f'{{"urls": ["{mirror}"], "dependencies": ["six==1.16.0"]}}', encoding="utf-8")
    (folder / "requirements.txt").write_text("six==1.16.0\nclick==8.1.7\n", encoding="utf-8")
