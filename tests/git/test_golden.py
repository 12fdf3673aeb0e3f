"""Real distribution files and the commits that they give: on every machine, for ever.

A changed commit here is a change of the format: every repository that is already published would change with it.
"""

import hashlib
import os
import re
import urllib.request
from functools import lru_cache
from pathlib import Path

import pytest

from codehost.ingest import ingest
from codehost.model.members import IngestRequest, Limits
from tests.git.reading import expected, fsck, read_by_git

SIMPLE = "https://pypi.org/simple"
TIMEOUT = 60.0

# Project, file, its sha256, the commit, files, skips.
GOLDEN = [
    (
        "six",
        "six-1.16.0.tar.gz",
        "1e61c37477a1626458e36f7b1d82aa5c9b094fa4802892072e49de9c60c4c926",
        "c07144320bec2c8ab3e935c9ccb22a073e4346b6",
        16,
        [],
    ),
    (
        "six",
        "six-1.16.0-py2.py3-none-any.whl",
        "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254",
        "aa782360ad29e555277d1697c85b58eede17d21d",
        6,
        [],
    ),
    (
        "attrs",
        "attrs-21.1.0.tar.gz",
        "3901be1cb7c2a780f14668691474d9252c070a756be0a9ead98cfeabfa11aeb8",
        "495254fb73f64de6b9b894216c5797162cc9d6d0",
        97,
        [],
    ),
    (
        "isal",
        "isal-1.7.1.tar.gz",
        "845aeff4ffb3a2ea24bde22b165f99aafb1ee92f5da3930cb23638501e8332c9",
        "62ef1cb29210b315c613a29e1ea3a1dce28a0383",
        459,
        ["isal-1.7.1/src/isal/isa-l/.git"],
    ),
    (
        "pytz",
        "pytz-2005k.zip",
        "e0e2eaaf99d46e98d6480e271994de200ffb721b6d965bef008256f778148eb3",
        "221800900c64437476508819d2d71853fb07595d",
        579,
        [],
    ),
    (
        "pytz",
        "pytz-2005k.tar.bz2",
        "597b596dc1c2c130cd0a57a043459c3bd6477c640c07ac34ca3ce8eed7e6f30c",
        "109cff95fc3047ff58031cc5e616fa8e931ac4c8",
        579,
        [],
    ),
    (
        "pytz",
        "pytz-2013b-py2.7.egg",
        "70fb64523176c13c29dae820b953e28bce8380adcbbdcfd829fa70ceea362790",
        "7443938b03301b70269ea950654ab28ccef91683",
        604,
        [],
    ),
    (
        "pytz",
        "pytz-2004b.tar.gz",
        "1fad98f11124545d1b6bed08904e544308a34971aa997efc976768eefa483814",
        "b41a9815ed4139dbc73baa8da07350d031e24d1f",
        578,
        [],
    ),
]


@lru_cache
def links(project: str) -> dict[str, str]:
    """File name -> address, as the project's page gives them (PEP 503)."""
    asked = urllib.request.Request(f"{SIMPLE}/{project}/", headers={"Accept": "text/html"})
    with urllib.request.urlopen(asked, timeout=TIMEOUT) as answer:
        page: str = answer.read().decode()
    found = re.findall(r'href="([^"#]+/([^"#/]+))[#"]', page)
    return {name: address for address, name in found}


def obtain(project: str, filename: str, sha256: str, folder: Path) -> Path:
    """The file from the cache, or from the mirror; the test is skipped where there is no mirror."""
    path = folder / filename
    if not path.exists():
        try:
            with urllib.request.urlopen(links(project)[filename], timeout=TIMEOUT) as answer:
                content = answer.read()
        except (OSError, KeyError) as error:
            if "pypi" in os.environ.get("CODEHOST_TEST_REQUIRE", ""):
                raise
            pytest.skip(f"{filename} cannot be had from {SIMPLE} ({error!r})")
        path.write_bytes(content)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != sha256:
        path.unlink()
    assert digest == sha256
    return path


@pytest.mark.pypi
@pytest.mark.parametrize(
    ("project", "filename", "sha256", "commit", "files", "skips"), GOLDEN, ids=[row[1] for row in GOLDEN]
)
def test_the_commit_of_a_real_file(
    tmp_path: Path,
    pytestconfig: pytest.Config,
    project: str,
    filename: str,
    sha256: str,
    commit: str,
    files: int,
    skips: list[str],
) -> None:
    archive = obtain(project, filename, sha256, pytestconfig.cache.mkdir("golden"))
    repository = tmp_path / "r.git"
    report = ingest(
        IngestRequest(
            archive=str(archive),
            filename=filename,
            sha256=sha256,
            repository=str(repository),
            tag="v1",
            limits=Limits(),
        )
    )
    assert fsck(repository) == ""
    assert read_by_git(repository) == expected(archive, report)
    assert (report.files, [skip.path for skip in report.skips]) == (files, skips)
    assert report.commit == commit
