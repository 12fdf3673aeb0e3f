"""docs/serving.md says what the limits are."""

from pathlib import Path
from resource import RLIM_INFINITY

import pytest

from codehost.app.descriptors import raised_limit
from codehost.model.members import MIB
from codehost.serve.git.limits import GitLimits
from codehost.serve.listening import Listening

SAID = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8").partition("\n## Limits\n")[2]
WHERE = Listening(address="", port=0)
GIT = GitLimits()


@pytest.mark.parametrize(
    ("row", "phrases"),
    [
        ("connections", [f"{WHERE.connections:,}, of them a quarter", f"{raised_limit(0, RLIM_INFINITY):,} at most"]),
        ("a request", [f"within {WHERE.head_seconds:.0f} seconds", "at most 8 KiB a line"]),
        (
            "a clone",
            [
                f"at most {GIT.body_bytes // MIB} MiB",
                f"within {GIT.seconds / 60:.0f} minutes",
                f"nothing for {GIT.idle_seconds:.0f} seconds",
                f"less than {GIT.bytes_per_second // 1024} KiB a second",
                f"Of {GIT.processes} processes of git {GIT.working} work",
                f"within {GIT.queue_seconds:.0f} seconds",
            ],
        ),
    ],
)
def test_limits_are_as_they_are_told(row: str, phrases: list[str]) -> None:
    (told,) = (line for line in SAID.splitlines() if line.startswith(f"| {row} |"))
    assert [phrase for phrase in phrases if phrase not in told] == []
