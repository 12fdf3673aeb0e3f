import os
import subprocess
from pathlib import Path

from codehost.serve.git.environment import command, environment


def test_the_environment_is_made_from_nothing() -> None:
    made = environment("/bin", Path("/x/y.git"), 2)
    settings = {
        made[f"GIT_CONFIG_KEY_{n}"]: made[f"GIT_CONFIG_VALUE_{n}"] for n in range(int(made["GIT_CONFIG_COUNT"]))
    }
    assert settings["safe.directory"] == "/x/y.git"
    assert settings["uploadpack.allowAnySHA1InWant"] == "false"
    assert made["PATH"] == "/bin"
    assert made["GIT_PROTOCOL"] == "version=2"
    assert "GIT_PROTOCOL" not in environment("/bin", Path("/x/y.git"), 0)
    names = {name for name in made if not name.startswith("GIT_")}
    assert names == {"PATH", "HOME", "XDG_CONFIG_HOME", "LC_ALL"}


def test_git_takes_every_setting(tmp_path: Path) -> None:
    made = environment(os.environ["PATH"], tmp_path / "r.git", 2)
    listing = ["git", "config", "--list", "--show-scope"]
    done = subprocess.run(listing, env=made, cwd=tmp_path, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == int(made["GIT_CONFIG_COUNT"])
    assert {line.split("\t")[0] for line in lines} == {"command"}


def test_the_command() -> None:
    arguments = command("/bin/git", Path("/x/y.git"), advertise=True, seconds=0.2)
    how = ["--stateless-rpc", "--strict", "--timeout=1", "--advertise-refs"]
    assert arguments == ["/bin/git", "upload-pack", *how, "/x/y.git"]
    assert "--advertise-refs" not in command("/bin/git", Path("/x/y.git"), advertise=False, seconds=1)
