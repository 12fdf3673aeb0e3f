"""The OpenAPI 3.1 document, made from the endpoints themselves."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from codehost.model.access import Role
from codehost.serve.api.endpoints import Endpoint, Nothing
from codehost.serve.problems import MEDIA_TYPE, Kind, Problem

_REF = "#/components/schemas/{name}"
_OK = 200
_PARAMETER = re.compile(r"\{(\w+)\}")

# What may happen anywhere.
_EVERYWHERE = (
    *(Kind.BAD_REQUEST, Kind.INVALID, Kind.MISDIRECTED, Kind.TOO_MANY, Kind.INTERNAL, Kind.UNAVAILABLE),
    # A token that is none is refused where none is needed, too.
    Kind.UNAUTHENTICATED,
)
_GUARDED = (Kind.FORBIDDEN,)
_WITH_BODY = (Kind.TOO_SLOW, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA_TYPE)

_DESCRIPTIONS = {
    Role.READER: "Open to all where reading is open; otherwise it needs a token.",
    Role.ADMIN: "Needs an admin's token.",
}

Json = dict[str, Any]


def document(endpoints: Sequence[Endpoint], *, version: str, root: str) -> Json:
    """The whole document. ``root``: the path that the endpoints' paths are below."""
    types = [Problem, *_types(endpoints)]
    _, schemas = msgspec.json.schema_components(types, ref_template=_REF)
    paths: dict[str, Json] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "codehost",
            "version": version,
            "description": "Repositories of Python releases: list and follow them; administer what is synced.",
        },
        "servers": [{"url": root}],
        "paths": paths,
        "components": {
            "schemas": dict(schemas),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "password": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _types(endpoints: Iterable[Endpoint]) -> list[Any]:
    found: dict[Any, None] = {}
    for endpoint in endpoints:
        for one in (endpoint.body, *endpoint.answers.values()):
            if one is not None and one is not bytes:
                found[one] = None
    return list(found)


def _operation(endpoint: Endpoint) -> Json:
    operation: Json = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [*_in_path(endpoint), *_in_query(endpoint), *_in_headers(endpoint)],
        "responses": _responses(endpoint),
        "security": _security(endpoint.role),
    }
    if endpoint.role is not None:
        operation["description"] = _DESCRIPTIONS[endpoint.role]
    if endpoint.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {endpoint.body_type: {"schema": _schema(endpoint.body)}},
        }
    return operation


def _security(role: Role | None) -> list[Json]:
    if role is None:
        return []
    needed: list[Json] = [{"token": []}, {"password": []}]
    return needed if role is Role.ADMIN else [*needed, {}]


def _in_path(endpoint: Endpoint) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(endpoint.path)
    ]


def _in_query(endpoint: Endpoint) -> list[Json]:
    if endpoint.query is Nothing:
        return []
    _, described = msgspec.json.schema_components([endpoint.query], ref_template=_REF)
    schema = described[endpoint.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "schema": _inlined(property_, described),
            **({"description": property_["description"]} if "description" in property_ else {}),
        }
        for name, property_ in schema["properties"].items()
    ]


def _inlined(schema: Json, described: Mapping[str, Json]) -> Json:
    """An enumeration as itself: a parameter's schema is not worth a name."""
    if "$ref" in schema:
        return dict(described[schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return {**schema, "anyOf": [_inlined(one, described) for one in schema["anyOf"]]}
    return schema


def _in_headers(endpoint: Endpoint) -> list[Json]:
    return [
        {"name": name, "in": "header", "required": False, "description": what, "schema": {"type": "string"}}
        for name, what in endpoint.headers.items()
    ]


def _responses(endpoint: Endpoint) -> Json:
    responses: Json = {}
    for status, content in endpoint.answers.items():
        responses[str(status)] = {"description": "Done." if content is None else "The answer."}
        if content is not None:
            forms = {endpoint.answer_type: content, **(endpoint.other_forms if status == _OK else {})}
            responses[str(status)]["content"] = {form: {"schema": _schema(one)} for form, one in forms.items()}
    guarded = () if endpoint.role is None else _GUARDED
    read = () if endpoint.body is None else _WITH_BODY
    for kind in sorted({*endpoint.problems, *_EVERYWHERE, *guarded, *read}, key=lambda kind: kind.status):
        responses[str(kind.status)] = {
            "description": f"{kind.title}.",
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(name=Problem.__name__)}}},
        }
    return responses


def _schema(content: Any) -> Json:
    if content is bytes:
        return {"type": "string"}
    (schema,), _ = msgspec.json.schema_components([content], ref_template=_REF)
    return schema
