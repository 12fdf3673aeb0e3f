"""Whether answers are what the OpenAPI document says of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import msgspec
from jsonschema import Draft202012Validator


@dataclass(frozen=True, kw_only=True)
class Description:
    """The document of a server, and what is below ``root``."""

    document: Mapping[str, Any]
    root: str

    @cached_property
    def _paths(self) -> list[tuple[re.Pattern[str], Mapping[str, Any]]]:
        # Names have slashes; what goes on behind a name is asked first.
        ordered = sorted(self.document["paths"], key=lambda path: ("{name}" in path, "{" in path, -len(path)))
        return [(_pattern(path), self.document["paths"][path]) for path in ordered]

    def check(self, method: str, url: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
        """Fail where an answer of a described operation is not described."""
        path = urlsplit(url).path.removeprefix(self.root)
        operations = next((found for pattern, found in self._paths if pattern.fullmatch(path)), {})
        operation = operations.get(method.lower())
        if operation is None:
            return
        described = operation["responses"].get(str(status))
        assert described is not None, f"{method} {path} answers {status}, which is not described"
        forms = described.get("content", {})
        if not forms:
            assert content == b"", f"{method} {path} answers {status} with a content"
            return
        form = headers["Content-Type"].partition(";")[0]
        assert form in forms, f"{method} {path} answers {status} as {form}"
        if form.endswith(("/json", "+json")):
            schema = {**forms[form]["schema"], "components": self.document["components"]}
            Draft202012Validator(schema).validate(msgspec.json.decode(content))


def _pattern(path: str) -> re.Pattern[str]:
    text = re.escape(path).replace(r"\{name\}", ".+")
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", text))
