import io
from collections.abc import Iterator

import pytest
import structlog
from rich.console import Console

from codehost.terminal.lines import LastingConsole
from codehost.terminal.logs import configure_logs


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
