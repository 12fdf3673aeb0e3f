import pytest

from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.ports import FoundRoot, PageResponse
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.probe import Probe, probe
from codehost.resolve.roots import How
from tests.simulator.fetcher import MemoryFetcher, MemoryRoots, html_page, link

BASE = Mirror(url="https://mirror.example/x")
ROOT = f"{BASE.url}/simple"
CERTAIN = Mirror(url=ROOT)
PAGE, LISTING = f"{ROOT}/six/", f"{ROOT}/"
PUBLIC = "https://public.example/simple/six/"
TRIED = f"no simple API found at {ROOT}/, {BASE.url}/+simple/ and {BASE.url}/"

JSON_PAGE = PageResponse(
    status=200,
    url=PAGE,
    content_type="application/vnd.pypi.simple.v1+json",
    body=b'{"meta": {"api-version": "1.0"}, "name": "six", "files": ['
    b'{"filename": "six-1.0.tar.gz", "url": "six-1.0.tar.gz", "hashes": {}},'
    b'{"filename": "six-1.1.tar.gz", "url": "six-1.1.tar.gz", "hashes": {}}]}',
)
HTML_PAGE = html_page(PAGE, link("six-1.0.tar.gz"))
HTML_LISTING = html_page(LISTING, '<a href="attrs/">attrs</a>')
JSON_LISTING = PageResponse(
    status=200, url=LISTING, content_type="", body=b'{"meta": {}, "projects": [{"name": "attrs"}]}'
)
QUARANTINED = html_page(PAGE, '<meta name="pypi:project-status" content="quarantined">')


def status(code: int, url: str) -> PageResponse:
    return PageResponse(status=code, url=url, content_type="", body=b"")


def pages(answers: dict[str, PageResponse | Failure], found: FoundRoot | None = None) -> MirrorPages:
    fetcher = MemoryFetcher(pages={url: [answer] for url, answer in answers.items()})
    return MirrorPages(fetcher, MemoryRoots({} if found is None else {BASE.url: found}))


def well(how: How, api: str, said: str) -> Probe:
    return Probe(root=ROOT, how=how, api=api, said=said, confirmed=True)


REMEMBERED = FoundRoot(root=ROOT, witness=PAGE)


@pytest.mark.parametrize(
    ("mirror", "project", "answers", "found", "expected"),
    [
        (CERTAIN, "six", {PAGE: JSON_PAGE}, None, well(How.WRITTEN, "JSON", "has six in 2 versions")),
        (CERTAIN, "six", {PAGE: HTML_PAGE}, None, well(How.WRITTEN, "HTML", "has six in 1 version")),
        (BASE, "six", {PAGE: HTML_PAGE}, None, well(How.PROJECT_PAGE, "HTML", "has six in 1 version")),
        (BASE, "six", {PAGE: HTML_PAGE}, REMEMBERED, well(How.REMEMBERED, "HTML", "has six in 1 version")),
        (CERTAIN, "six", {PAGE: QUARANTINED}, None, well(How.WRITTEN, "HTML", "six is quarantined there")),
        (
            CERTAIN,
            "six",
            {LISTING: HTML_LISTING},
            None,
            well(How.WRITTEN, "HTML", "404 for six; lists its projects"),
        ),
        (
            BASE,
            "six",
            {PAGE: html_page(PAGE), LISTING: JSON_LISTING},
            None,
            well(How.LISTING, "JSON", "a page without files for six; lists its projects"),
        ),
        (CERTAIN, None, {LISTING: JSON_LISTING}, None, well(How.WRITTEN, "JSON", "lists its projects")),
        (BASE, None, {LISTING: HTML_LISTING}, None, well(How.LISTING, "HTML", "lists its projects")),
        (
            CERTAIN,
            "six",
            {PAGE: html_page(PUBLIC, link("six-1.0.tar.gz"))},
            None,
            Probe(
                root=ROOT,
                how=How.WRITTEN,
                api="HTML",
                said="has six in 1 version, by redirect to https://public.example",
                final_origin="https://public.example",
                confirmed=False,
            ),
        ),
        (
            BASE,
            "six",
            {PAGE: html_page(PUBLIC, link("six-1.0.tar.gz"))},
            None,
            Probe(
                root=None,
                how=None,
                api="HTML",
                said="has six in 1 version, by redirect to https://public.example",
                final_origin="https://public.example",
                confirmed=False,
            ),
        ),
        (
            CERTAIN,
            "six",
            {LISTING: status(403, LISTING)},
            None,
            Probe(
                root=ROOT,
                how=How.WRITTEN,
                api=None,
                said=f"404 for six; no list of projects at {LISTING} (it answered 403)",
                confirmed=False,
            ),
        ),
        (
            CERTAIN,
            "six",
            {LISTING: html_page("https://public.example/simple/", '<a href="attrs/">attrs</a>')},
            None,
            Probe(
                root=ROOT,
                how=How.WRITTEN,
                api=None,
                said=f"404 for six; no list of projects at {LISTING} "
                "(it answered 200, by redirect to https://public.example)",
                final_origin="https://public.example",
                confirmed=False,
            ),
        ),
        (BASE, "six", {}, None, Probe(root=None, how=None, api=None, said=f"404 for six; {TRIED}", confirmed=False)),
        (BASE, None, {}, None, Probe(root=None, how=None, api=None, said=TRIED, confirmed=False)),
    ],
)
async def test_probe(
    mirror: Mirror,
    project: str | None,
    answers: dict[str, PageResponse | Failure],
    found: FoundRoot | None,
    expected: Probe,
) -> None:
    assert await probe(pages(answers, found), mirror, project) == expected


@pytest.mark.parametrize(
    ("mirror", "project", "answers", "reason"),
    [
        (CERTAIN, "six", {PAGE: status(401, PAGE)}, Reason.AUTH),
        # Projects are hidden from those who may not read them: the listing tells.
        (CERTAIN, "six", {LISTING: status(401, LISTING)}, Reason.AUTH),
        (CERTAIN, None, {LISTING: status(401, LISTING)}, Reason.AUTH),
        (CERTAIN, None, {LISTING: status(403, LISTING)}, Reason.AUTH),
        (BASE, None, {LISTING: status(401, LISTING)}, Reason.AUTH),
        (CERTAIN, None, {LISTING: status(503, LISTING)}, Reason.SERVER_ERROR),
        (CERTAIN, None, {LISTING: html_page(LISTING, "<form></form>")}, Reason.BAD_PAGE),
        (CERTAIN, "six", {PAGE: html_page(PAGE, "<form></form>")}, Reason.BAD_PAGE),
        (CERTAIN, "six", {PAGE: Failure(Reason.NETWORK, "refused")}, Reason.NETWORK),
        (BASE, None, {LISTING: Failure(Reason.NETWORK, "refused")}, Reason.NETWORK),
    ],
)
async def test_unwell(
    mirror: Mirror, project: str | None, answers: dict[str, PageResponse | Failure], reason: Reason
) -> None:
    with pytest.raises(Failure) as caught:
        await probe(pages(answers), mirror, project)
    assert caught.value.reason is reason
