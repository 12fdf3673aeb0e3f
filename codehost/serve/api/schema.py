"""``/api/v1/schema/python-packages``: the contract of configuration documents, for editors and for programs."""

import hashlib

import msgspec

from codehost.config.contract import schema
from codehost.serve.api.endpoints import Answer, Call, Endpoint, Nothing
from codehost.serve.api.matching import BadTagsError, entity_tag, is_known
from codehost.serve.problems import Kind, ProblemError

_IF_NONE_MATCH = "If-None-Match"


class Contract:
    """The schema, as it is installed."""

    def __init__(self) -> None:
        self._text = msgspec.json.format(msgspec.json.encode(schema()), indent=2)
        self._digest = hashlib.sha256(self._text).hexdigest()

    def endpoints(self) -> list[Endpoint]:
        """The one."""
        return [
            Endpoint(
                method="GET",
                path="/schema/python-packages",
                name="getSchema",
                summary="The JSON Schema (draft 7) of configuration documents",
                tag="schema",
                role=None,
                handle=self.show,
                answers={200: dict, 304: None},
                answer_type="application/schema+json",
                headers={_IF_NONE_MATCH: "The ETag of the schema that you have; while it is the same: 304."},
            )
        ]

    async def show(self, call: Call[Nothing, None]) -> Answer:
        """The schema, unless whoever asks has it."""
        headers = {"ETag": entity_tag(self._digest), "Cache-Control": "public, max-age=300"}
        try:
            known = is_known(call.request.headers.getall(_IF_NONE_MATCH, []), self._digest)
        except BadTagsError as error:
            raise ProblemError(Kind.BAD_REQUEST, f"{_IF_NONE_MATCH} is no list of entity tags. {error}") from None
        return Answer(status=304, headers=headers) if known else Answer(content=self._text, headers=headers)
