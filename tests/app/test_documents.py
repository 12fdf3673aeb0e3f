import os
from collections.abc import Callable
from pathlib import Path

import pytest

from codehost.app.documents import Loaded, read_config, read_usable_config
from codehost.model.errors import UserError

PRIVATE = """{"urls": [{
  "url": "https://mirror.example.com/simple", "username": {"env": "CODEHOST_TEST_USER"},
  "password": {"env": "CODEHOST_TEST"}
}]}"""


@pytest.mark.parametrize("read", [read_config, read_usable_config])
def test_read(tmp_path: Path, read: Callable[[Path], Loaded]) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path)
    file = tmp_path / "host.jsonc"
    file.write_text('{"urls": []}')
    assert read(file).config is not None


def test_secrets_are_looked_up_only_where_mirrors_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "host.jsonc"
    file.write_text(PRIVATE)
    monkeypatch.setenv("CODEHOST_TEST_USER", "canary-user")
    monkeypatch.delenv("CODEHOST_TEST", raising=False)
    assert read_config(file).config is not None
    assert os.environ["CODEHOST_TEST_USER"] == "canary-user"
    (violation,) = read_usable_config(file).violations
    assert "CODEHOST_TEST, which is not set" in str(violation)


def test_secrets_do_not_stay_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "host.jsonc"
    file.write_text(PRIVATE)
    names = {"CODEHOST_TEST_USER", "CODEHOST_TEST", "CODEHOST_TEST_OTHER"}
    for name in names:
        monkeypatch.setenv(name, f"canary-{name}")
    config = read_usable_config(file).config
    assert config is not None
    credentials = config.mirrors[0].credentials
    assert credentials is not None
    assert (credentials.username, credentials.password) == ("canary-CODEHOST_TEST_USER", "canary-CODEHOST_TEST")
    assert names & os.environ.keys() == {"CODEHOST_TEST_OTHER"}
