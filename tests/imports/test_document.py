import pytest

from codehost.config.loading import load
from codehost.imports.document import new_document


@pytest.mark.parametrize("lines", [(), ("six==1.16.0",), ("Flask==3.0.3", "six==1!1.16.0+a.b")])
def test_a_new_document_is_valid_and_pins_the_lines(lines: tuple[str, ...]) -> None:
    text = new_document(lines)
    loaded = load(text.encode())
    assert loaded.config is not None, loaded.violations
    assert [pin.version for pin in loaded.config.pins] == [line.partition("==")[2] for line in lines]


def test_one_pin_on_a_line_and_comments() -> None:
    text = new_document(["b==1", "a==2"])
    assert '\n  "dependencies": [\n    "b==1",\n    "a==2",\n  ],\n' in text
    assert '\n  // "rateLimit": { "enabled": true, "requestsPerHour": 57600 },\n' in text
    assert '\n  "urls": ["https://pypi.org/simple"],\n' in text
