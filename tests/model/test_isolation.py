import os
import subprocess
from pathlib import Path

from codehost.model.isolation import isolated


def test_nothing_of_the_machine_counts(tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = somebody\n")
    made = isolated(os.environ["PATH"], {"a.b": "c", "d.e": "f g"}, protocols="http:https")
    listing = ["git", "config", "--list"]
    done = subprocess.run(listing, env=made, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["a.b=c", "d.e=f g"]
    assert (made["GIT_ALLOW_PROTOCOL"], made["HOME"]) == ("http:https", "/dev/null")
