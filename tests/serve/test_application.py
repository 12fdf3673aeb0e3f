"""The application as clients meet it: who is let in, and how it answers."""

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import ClientSession, web

from codehost.model.access import Role
from codehost.model.errors import DatabaseUnavailableError, UserError
from codehost.record.database import open_database
from codehost.record.hosts import DocumentChangedError, NameTakenError, UnknownHostError
from codehost.record.tokens import Tokens
from codehost.serve.access.credentials import fingerprint, new_token
from codehost.serve.access.gate import Gate, Reading
from codehost.serve.access.hosts import HostNames
from codehost.serve.access.middlewares import CLIENT, ORIGIN
from codehost.serve.access.origin import Site, site_of
from codehost.serve.access.traffic import Traffic
from codehost.serve.api.endpoints import Answer, Call, Endpoint
from codehost.serve.application import Parts, application
from codehost.serve.listening import Listening, listening
from codehost.serve.metrics import ServeMetrics
from codehost.serve.problems import Kind, ProblemError


class Thing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str


ERRORS: dict[str, Exception] = {
    "problem": ProblemError(Kind.CONFLICT, "It is so."),
    "unknown": UnknownHostError("x"),
    "taken": NameTakenError("x"),
    "changed": DocumentChangedError("x"),
    "away": DatabaseUnavailableError("The database postgresql://me@secret.example.com/x is away."),
    "user": UserError("Do better."),
    "defect": ValueError("a secret"),
    "timeout": TimeoutError("a secret"),
}


async def read_thing(call: Call[Any, Any]) -> Answer:
    name = call.path.get("name", "")
    if name in ERRORS:
        raise ERRORS[name]
    client, origin = call.request[CLIENT], call.request[ORIGIN]
    return Answer(
        content={
            "name": name,
            "by": call.access.token,
            "address": client.address,
            "url": origin.url("/x"),
        }
    )


async def write_thing(call: Call[Any, Thing]) -> Answer:
    return Answer(content=call.body, headers={"Cache-Control": "public, max-age=9"})


async def tail(call: Call[Any, Any]) -> Answer:
    return Answer(content={"tail": call.path["name"]})


async def page(_request: web.Request) -> web.Response:
    return web.Response(text="<p>hello</p>", content_type="text/html", headers={"Cache-Control": "public, max-age=9"})


async def half(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_length = 100
    await response.prepare(request)
    await response.write(b"half")
    raise ValueError("in the middle")


async def fine(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


COMMON: dict[str, Any] = {"tag": "things", "answers": {200: dict}, "summary": "Things"}
ENDPOINTS = [
    Endpoint(method="GET", path="/things/{name}", name="getThing", handle=read_thing, **COMMON),
    Endpoint(method="GET", path="/things/{name}/tail", name="getTail", handle=tail, **COMMON),
    Endpoint(
        method="PUT",
        path="/things/{name}",
        name="putThing",
        handle=write_thing,
        role=Role.ADMIN,
        body=Thing,
        **COMMON,
    ),
    Endpoint(method="GET", path="/v1/list-things", name="listThings", handle=read_thing, **COMMON),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    session: ClientSession
    port: int
    admin: str
    reader: str
    metrics: ServeMetrics

    async def ask(self, path: str, method: str = "GET", token: str | None = None, **options: Any) -> Answered:
        headers = dict(options.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        url = f"http://127.0.0.1:{self.port}{path}"
        async with self.session.request(method, url, headers=headers, **options) as answer:
            return Answered(status=answer.status, headers=answer.headers, text=await answer.text())


@asynccontextmanager
async def serving(folder: Path, *, reading: Reading = Reading.OPEN, site: Site | None = None) -> AsyncIterator[Served]:
    async with open_database(None, folder) as database, ClientSession() as session:
        tokens = Tokens(database)
        made = {role: new_token() for role in Role}
        for role, token in made.items():
            await tokens.add(role.value, role, fingerprint(token))
        gate, traffic = Gate(tokens, reading), Traffic()
        parts = Parts(
            gate=gate,
            traffic=traffic,
            version="1.2.3",
            endpoints=ENDPOINTS,
            reading=[
                web.get("/page", page),
                web.get("/half", half),
                web.get("/git/{path:.*}", page),
                web.get("/{path:x.*|codehost/.*}", page),
            ],
            open=[web.get("/healthz", fine)],
            site=site or Site(),
            hosts=HostNames(names=frozenset({"code.example.com"})),
            trusted=[ip_network("127.0.0.1")],
        )

        async def drain() -> None:
            await traffic.drain(1.0)
            await gate.close()

        where = Listening(address="127.0.0.1", port=0)
        async with listening(application(parts), where, drain=drain, farewell=1.0) as door:
            yield Served(
                session=session,
                port=door.port,
                admin=made[Role.ADMIN],
                reader=made[Role.READER],
                metrics=parts.metrics,
            )


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path) as running:
        yield running


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path, reading=Reading.TOKEN) as running:
        yield running


async def test_reading_is_open(served: Served) -> None:
    answer = await served.ask("/api/v1/things/python%2Fsix/1.0")
    assert (answer.status, answer.json["name"], answer.json["by"]) == (200, "python/six/1.0", None)
    assert (await served.ask("/api/v1/things/a/b/tail")).json == {"tail": "a/b"}
    assert (await served.ask("/v1/list-things")).status == 200
    assert (await served.ask("/api/v1/things/x", token=served.reader)).json["by"] == "reader"


async def test_administering_is_never_open(served: Served) -> None:
    for token, status in ((None, 401), (served.reader, 403), (served.admin, 200)):
        assert (await served.ask("/api/v1/things/x", "PUT", token, json={"name": "n"})).status == status
    answer = await served.ask("/api/v1/things/x", "PUT", "codehost_no", json={"name": "n"})
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="codehost", Basic realm="codehost"')


@pytest.mark.parametrize("path", ["/api/v1/things/x", "/page", "/git/x.git/info/refs", "/api/v1/openapi.json"])
async def test_reading_needs_a_token_where_it_is_not_open(closed: Served, path: str) -> None:
    assert (await closed.ask(path)).status == 401
    assert (await closed.ask(path, token=closed.reader)).status == 200
    password = base64.b64encode(f"anybody:{closed.reader}".encode()).decode()
    answer = await closed.ask(path, headers={"Authorization": f"Basic {password}"})
    assert answer.status == 200
    assert "public" not in answer.headers["Cache-Control"]


async def test_health_is_for_everybody_by_any_name(closed: Served) -> None:
    answer = await closed.ask("/healthz", headers={"Host": "whatever.example.net"})
    assert (answer.status, answer.text) == (200, "ok\n")


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("problem", 409),
        ("unknown", 404),
        ("taken", 409),
        ("changed", 412),
        ("away", 503),
        ("user", 422),
        ("defect", 500),
        ("timeout", 500),
    ],
)
async def test_errors_are_problem_details(served: Served, name: str, status: int) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await served.ask(f"/api/v1/things/{name}")
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert answer.json["status"] == status
    assert answer.json["type"].startswith("urn:codehost:problem:")
    assert "secret" not in answer.text
    if status == 500:
        [crash] = [line for line in logs if line["action"] == "request_crashed"]
        assert crash["id"] in answer.json["detail"]


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/api/v1/nothing", "text/html", "application/problem+json"),
        ("/nothing", "text/html,*/*", "text/html; charset=utf-8"),
        ("/nothing", "*/*", "text/plain; charset=utf-8"),
    ],
)
async def test_nothing_there(served: Served, path: str, accept: str, content_type: str) -> None:
    answer = await served.ask(path, headers={"Accept": accept})
    assert (answer.status, answer.headers["Content-Type"]) == (404, content_type)


async def test_what_is_not_there_is_named_safely(served: Served) -> None:
    answer = await served.ask("/%3Cscript%3Ealert(1)%3C/script%3E", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert "<script" not in answer.text


async def test_methods(served: Served) -> None:
    answer = await served.ask("/api/v1/things/x", "DELETE")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET,HEAD,PUT")
    assert answer.json["type"] == "urn:codehost:problem:method-not-allowed"
    answer = await served.ask("/api/v1/things/x", "OPTIONS")
    assert (answer.status, answer.headers["Allow"], answer.text) == (204, "GET,HEAD,PUT,OPTIONS", "")
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    answer = await served.ask("/api/v1/things/x", "HEAD")
    assert (answer.status, answer.text) == (200, "")
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("code.example.com", 200),
        ("[::1]:1", 200),
        ("10.0.0.7", 200),
        ("evil.example.net", 421),
        ("user@localhost", 421),
    ],
)
async def test_names_of_the_server(served: Served, host: str, status: int) -> None:
    assert (await served.ask("/api/v1/things/x", headers={"Host": host})).status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://evil.example.net"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_other_sites_write_nothing(served: Served, headers: Mapping[str, str], status: int) -> None:
    answer = await served.ask("/api/v1/things/x", "PUT", served.admin, json={"name": "n"}, headers=headers)
    assert answer.status == status


async def test_headers(served: Served) -> None:
    for path in ("/page", "/api/v1/things/x", "/nothing", "/healthz", "/api/v1/things/defect"):
        headers = (await served.ask(path)).headers
        assert headers["Server"] == "codehost"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not {"Strict-Transport-Security", "Cross-Origin-Opener-Policy"} & set(headers)
        assert "Set-Cookie" not in headers
    assert (await served.ask("/page")).headers["Cache-Control"] == "public, max-age=9"
    assert (await served.ask("/page", token=served.reader)).headers["Cache-Control"] == "private, max-age=9"
    assert (await served.ask("/api/v1/things/x")).headers["Cache-Control"] == "no-store"


async def test_behind_a_proxy(served: Served) -> None:
    headers = {"X-Forwarded-For": "198.51.100.1", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "code.example.com"}
    answer = await served.ask("/api/v1/things/x", headers=headers)
    assert (answer.json["address"], answer.json["url"]) == ("198.51.100.1", "https://code.example.com/x")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    answer = await served.ask("/api/v1/things/x", headers=headers | {"X-Forwarded-Host": "evil.example.net"})
    assert answer.status == 421


async def test_below_a_base_path(tmp_path: Path) -> None:
    async with serving(tmp_path, site=site_of("/codehost", None)) as served:
        for base in ("/codehost", ""):
            answer = await served.ask(f"{base}/api/v1/things/a/b")
            assert answer.json["name"] == "a/b"
            assert answer.json["url"] == f"http://127.0.0.1:{served.port}/codehost/x"
            assert (await served.ask(f"{base}/healthz")).status == 200
            described = (await served.ask(f"{base}/api/v1/openapi.json")).json
            assert described["servers"] == [{"url": "/codehost/api/v1"}]
        assert (await served.ask("/xyz")).status == 200
        assert (await served.ask("/codehost/xyz")).status == 200
        assert (await served.ask("/codehost/nothing")).status == 404
        answer = await served.ask("/codehost/api/v1/nothing")
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")


async def test_the_api_is_described(served: Served) -> None:
    described = (await served.ask("/api/v1/openapi.json")).json
    assert described["info"]["version"] == "1.2.3"
    assert set(described["paths"]) == {"/things/{name}", "/things/{name}/tail", "/openapi.json"}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"name": 1}', "application/json", 422),
        (b'{"name": "n", "more": 1}', "application/json", 422),
        (b"{", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b'{"name": "' + b"x" * (17 * 2**20) + b'"}', "application/json", 413),
    ],
)
async def test_bodies(served: Served, body: bytes, content_type: str, status: int) -> None:
    headers = {"Content-Type": content_type}
    answer = await served.ask("/api/v1/things/x", "PUT", served.admin, data=io.BytesIO(body), headers=headers)
    assert answer.status == status


async def test_a_damaged_body_is_the_clients_fault(served: Served) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await served.ask("/api/v1/things/x", "PUT", served.admin, data=b"no gzip at all", headers=headers)
    assert answer.status == 400


async def test_half_an_answer_is_not_taken_for_a_whole_one(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    with structlog.testing.capture_logs() as logs:
        writer.write(b"GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n")
        try:
            got = await asyncio.wait_for(reader.read(), 5)
        except ConnectionError:
            got = b""
    assert len(got.partition(b"\r\n\r\n")[2]) < 100
    writer.close()
    assert [(line["action"], line.get("status")) for line in logs] == [("request_crashed", None), ("request", 499)]


async def test_lines_of_the_log_hold_no_secret(served: Served) -> None:
    with structlog.testing.capture_logs() as logs:
        await served.ask(f"/api/v1/things/{served.admin}?token={served.admin}", token=served.admin)
        password = base64.b64encode(f"u:{served.reader}".encode()).decode()
        agent = {"Authorization": f"Basic {password}", "User-Agent": f"x {served.reader}"}
        await served.ask("/page?password=hunter2", headers=agent)
        await served.ask("/page", token=new_token())
        await served.ask("/healthz")
    lines = [line for line in logs if line["action"] == "request"]
    assert [(line["path"], line["status"], line["token"]) for line in lines] == [
        ("/api/v1/things/codehost_…", 422, "admin"),
        ("/page", 200, "reader"),
        ("/page", 401, None),
    ]
    assert lines[0]["sent"] > 0
    assert not [secret for secret in (served.admin, served.reader, "hunter2", password) if secret in str(logs)]


async def test_answers_are_counted(served: Served) -> None:
    for path in ("/healthz", "/page", "/nowhere", "/api/v1/nowhere", "/git/x"):
        await served.ask(path)
    counted = served.metrics.render().decode()
    for area, status in (("health", 200), ("pages", 200), ("pages", 404), ("api", 404), ("git", 200)):
        assert f'codehost_http_requests_total{{area="{area}",status="{status}"}} 1.0' in counted
    assert "codehost_http_requests_under_way 0.0" in counted
