from collections.abc import Callable
from pathlib import Path

import pytest

from codehost.app.daemon.referred import Referred
from codehost.config.surroundings import SurroundingsError, ThisMachine, Unchecked
from codehost.model.codehosts import Tls


def rewrite(path: Path) -> None:
    path.write_text("another")


def replace(path: Path) -> None:
    path.with_name("next").write_text("one")
    path.with_name("next").replace(path)


@pytest.mark.parametrize(("change", "changed"), [(rewrite, True), (replace, True), (Path.unlink, True), (str, False)])
def test_a_secret_that_changes(tmp_path: Path, change: Callable[[Path], object], *, changed: bool) -> None:
    path, referred = tmp_path / "secret", Referred(ThisMachine({}))
    path.write_text("one")
    assert referred.file(str(path)) == "one"
    change(path)
    assert referred.have_changed() == changed


def test_a_secret_that_comes(tmp_path: Path) -> None:
    path, referred = tmp_path / "secret", Referred(ThisMachine({}))
    with pytest.raises(SurroundingsError, match="does not exist"):
        referred.file(str(path))
    assert not referred.have_changed()
    path.write_text("one")
    assert referred.have_changed()


@pytest.mark.parametrize("name", ["ca", "certificate", "key"])
def test_certificates_and_keys(tmp_path: Path, name: str) -> None:
    paths = {part: tmp_path / part for part in ("ca", "certificate", "key")}
    for path in paths.values():
        path.write_text("one")
    referred = Referred(Unchecked())
    ca, certificate, key = map(str, paths.values())
    referred.check_tls(Tls(ca_bundle=ca, client_certificate=certificate, client_key=key))
    assert (set(referred.certificates), referred.secrets) == ({ca, certificate, key}, {})
    assert not referred.have_changed()
    rewrite(paths[name])
    assert referred.have_changed()


@pytest.mark.parametrize("path", ["/no\0such", "/no such/" + "x" * 5_000])
def test_what_no_file_can_be_called(path: str) -> None:
    referred = Referred(Unchecked())
    referred.file(path)
    assert not referred.have_changed()


def test_variables_are_those_inside() -> None:
    assert Referred(ThisMachine({"WORD": "one"})).environment("WORD") == "one"
