"""What somebody who uses the commands has before them, and what the commands said."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from codehost.cli.main import main
from tests.simulator.mirror import Mirror

SUMMARY_SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schema" / "sync-summary.schema.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    status: int
    out: str
    err: str


@dataclass(slots=True, kw_only=True)
class Desk:
    """A configuration file, a data directory, and a mirror that serves two releases."""

    folder: Path
    mirror: Mirror
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.folder / "host.jsonc"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def repository(self, name: str) -> Path:
        return self.data / "repos" / f"{name}.git"

    def configure(self, *pins: str, **more: object) -> None:
        self.file.write_text(json.dumps({"urls": [self.mirror.url], "dependencies": pins, **more}), encoding="utf-8")

    def run(self, *arguments: str) -> Ran:
        self.capsys.readouterr()
        status = main(arguments)
        written = self.capsys.readouterr()
        return Ran(status=status, out=written.out, err=written.err)

    def stored(self, command: str, *arguments: str) -> Ran:
        """Run a command on the data directory."""
        return self.run(command, *arguments, "--data-dir", str(self.data))

    def sync(self, *options: str) -> Ran:
        return self.stored("sync", str(self.file), *options)

    def sync_to_json(self, *options: str) -> tuple[int, dict[str, Any]]:
        ran = self.sync("--json", *options)
        summary: dict[str, Any] = json.loads(ran.out)
        jsonschema.Draft7Validator(SUMMARY_SCHEMA).validate(summary)
        return ran.status, summary
