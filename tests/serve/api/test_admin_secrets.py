"""No answer of the admin API shows a secret, whatever the request was."""

import json
from dataclasses import dataclass, field

from codehost.model.errors import Failure, Reason
from codehost.record.jobs import Jobs
from tests.acceptance.canaries import Canary, found
from tests.record.helpers import replan
from tests.serve.api.administered import Administered, Answered
from tests.simulator.mirror import Mirror

IN_URL, PASSWORD, BEARER, HEADER, PROXY, COMMENT = (
    Canary("in a URL"),
    Canary("a password"),
    Canary("a bearer token"),
    Canary("a header"),
    Canary("a proxy's"),
    Canary("in a comment"),
)
ALL = (IN_URL, PASSWORD, BEARER, HEADER, PROXY, COMMENT)
REPOSITORY = "python/six/1.0"


def text(url: str, **more: object) -> str:
    """A document with a secret in each place that may have one."""
    scheme, _, rest = url.partition("://")
    urls = [
        f"{scheme}://ann:{IN_URL.mark}@{rest}",
        {"url": f"{url}/b", "username": "ann", "password": PASSWORD.value},
        {"url": f"{url}/c", "bearerToken": BEARER.mark},
        {"url": f"{url}/d", "headers": {"X-Key": HEADER.mark}},
    ]
    proxied = {"url": f"{url}/e", "enabled": False, "proxy": f"http://ann:{PROXY.mark}@proxy.example.com:3128"}
    document = json.dumps({"urls": [*urls, proxied], "dependencies": ["six==1.0"], **more}, indent=1)
    return f"// password: {COMMENT.value}\n{document}"


@dataclass(slots=True)
class Searched:
    """Asks, and searches every answer."""

    site: Administered
    asked: set[tuple[str, str]] = field(default_factory=set)
    shown: list[tuple[str, str, list[str]]] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answered:
        answer = await self.site.ask(method, path, body, **headers)
        self.asked.add((method, path.partition("?")[0]))
        for content in (answer.content, repr(answer.headers)):
            if names := found(ALL, content):
                self.shown.append((method, path, names))
        return answer


async def test_no_answer_shows_a_secret(site: Administered) -> None:
    search = Searched(site)
    async with Mirror() as mirror:
        whole = text(mirror.url)
        assert (await search.ask("POST", "/code-hosts", {"name": "work", "document": whole})).status == 201
        shown = (await search.ask("GET", "/code-hosts/work")).json
        assert shown["document"].count("REDACTED") == 6
        [host] = [one.host for one in await site.hosting.all()]
        await replan(site.database, host.code_host_id, ["six==1.0"])
        jobs = Jobs(site.database)
        [job] = await jobs.claim(host.code_host_id, "w", 1, 60)
        message = f"no answer from http://ann:{IN_URL.mark}@mirror.example.com/simple"
        await jobs.fail(job, Failure(Reason.NETWORK, message), 60.0)
        wrong = text(mirror.url, unknown=1).replace("}", ",", 1)
        odd = text(mirror.url.replace("http:", "ftp:"), unknown=1)
        moved = shown["document"].replace("/simple", "/other")
        for body in (whole, wrong, odd, moved, f"{IN_URL.mark}{whole}"):
            await search.ask("POST", "/validate", {"document": body})
            await search.ask("POST", "/code-hosts", {"name": "other", "document": body})
            await search.ask("PUT", "/code-hosts/work", {"document": body}, If_Match="*")
            for ask in (False, True):
                await search.ask("POST", "/preview", {"name": "new", "document": body, "ask": ask})
                await search.ask("POST", "/code-hosts/work/preview", {"document": body, "ask": ask})
            await search.ask("POST", "/check", {"name": "new", "document": body})
            await search.ask("POST", "/code-hosts/work/check", {"document": body})
        await search.ask("PATCH", "/code-hosts/work", {"priority": 1})
        for action in ("pause", "resume", "sync", "confirm"):
            await search.ask("POST", f"/code-hosts/work/{action}")
        for path in (
            "/jobs?limit=1000",
            "/status",
            "/mirrors",
            "/budget",
            "/workers",
            "/code-hosts",
            "/repos",
            "/changes",
        ):
            assert (await search.ask("GET", path)).status == 200
        assert (await search.ask("GET", f"/repos/{REPOSITORY}")).status == 200
        await search.ask("GET", "/schema/python-packages")
        await search.ask("GET", "/search?q=x")
        for action in ("cancel", "retry"):
            await search.ask("POST", f"/jobs/{action}", {"repositories": ["six==1.0"]})
        await search.ask("DELETE", "/code-hosts/work")
    assert search.shown == []
    described = (await site.ask("GET", "/openapi.json")).json["paths"]
    named = {path: path.replace("{host}", "work").replace("{name}", REPOSITORY) for path in described}
    operations = {(method.upper(), named[path]) for path in described for method in described[path]}
    # What the stream of events says, the changes say too.
    assert operations - search.asked == {("GET", "/openapi.json"), ("GET", "/events")}
