import io
import json
from collections.abc import Iterator

import click
import pytest
import structlog
from click.testing import CliRunner
from rich.console import Console

from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import LogFormat, configure_logs, log_format_option


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    written = io.StringIO()
    configure_logs(Console(file=written, width=20))
    yield written
    structlog.reset_defaults()


def test_one_line_for_each_event(output: io.StringIO) -> None:
    structlog.get_logger("x").warning("lease lost", action="lease_lost", pin="six==1.0", epoch=2)
    (line,) = output.getvalue().splitlines()
    assert line.startswith("timestamp=2")
    assert line.endswith('level=warning action=lease_lost event="lease lost" pin="six==1.0" epoch=2')


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), BrokenPipeError(32, "Broken pipe")])
def test_what_cannot_be_written_does_not_end_the_work(error: OSError) -> None:
    class Refusing(io.StringIO):
        def write(self, _text: str) -> int:
            raise error

    configure_logs(LastingConsole(file=Refusing()))
    try:
        structlog.get_logger("x").warning("lease lost", action="lease_lost")
    finally:
        structlog.reset_defaults()


def test_quiet_below_warnings(output: io.StringIO) -> None:
    structlog.get_logger("x").info("nothing to see", action="quiet")
    assert output.getvalue() == ""


def test_a_traceback_stays_on_its_line(output: io.StringIO) -> None:
    try:
        int("\x1b[31m [bold] :warning:")
    except ValueError:
        structlog.get_logger("x").exception("job crashed", action="job_crashed")
    (line,) = output.getvalue().splitlines()
    assert "Traceback" in line
    assert "[31m [bold] :warning:" in line
    assert line.isprintable()


@pytest.fixture
def in_json() -> Iterator[io.StringIO]:
    written = io.StringIO()
    configure_logs(Console(file=written, width=20), as_json=True, level="info")
    yield written
    structlog.reset_defaults()


def test_json_is_an_object_on_each_line(in_json: io.StringIO) -> None:
    log = structlog.get_logger("x")
    log.info('a "job" is taken\n\x1b[31m', action="claimed", jobs=3, pins=["six==1.0"], path=object)
    log.warning("lease lost", action="lease_lost", pin="sïx")
    log.debug("too much", action="quiet")
    first, second = (json.loads(line) for line in in_json.getvalue().splitlines())
    assert list(first)[:4] == ["timestamp", "level", "action", "event"]
    assert (first["level"], first["action"], first["jobs"], first["pins"]) == ("info", "claimed", 3, ["six==1.0"])
    assert first["event"] == 'a "job" is taken\n\x1b[31m'
    assert second["pin"] == "sïx"
    assert in_json.getvalue().isascii()


def test_json_keeps_a_traceback_on_its_line(in_json: io.StringIO) -> None:
    try:
        int("x")
    except ValueError:
        structlog.get_logger("x").exception("job crashed", action="job_crashed")
    (line,) = in_json.getvalue().splitlines()
    assert "Traceback" in json.loads(line)["exception"]


URL = "postgresql://user:hunter2@db.example.com/codehost"


@pytest.mark.parametrize("as_json", [True, False])
def test_no_password_of_a_url(*, as_json: bool) -> None:
    written = io.StringIO()
    configure_logs(Console(file=written), as_json=as_json)
    try:
        log = structlog.get_logger("x")
        log.warning(URL, action="x", url=URL, error=ValueError(URL), urls=[URL])
        try:
            int(URL)
        except ValueError:
            log.exception("crashed", action="x")
    finally:
        structlog.reset_defaults()
    assert written.getvalue().count("db.example.com") == 5
    assert "hunter2" not in written.getvalue()


@pytest.mark.parametrize(
    ("arguments", "said"), [([], "text"), (["--log-format", "json"], "json"), (["--log-format", "text"], "text")]
)
def test_the_option(arguments: list[str], said: str) -> None:
    @click.command()
    @log_format_option
    def command(log_format: LogFormat) -> None:
        assert isinstance(log_format, LogFormat)
        click.echo(log_format.value)

    assert CliRunner().invoke(command, arguments).output == f"{said}\n"
    assert CliRunner().invoke(command, ["--log-format", "xml"]).exit_code == 2
