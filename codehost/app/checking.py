"""``codehost check``, wired."""

import asyncio

from codehost.app.asking import AskingRequest, AskingView, Known, budget, known, memory
from codehost.app.storage import Storage, understood
from codehost.checking.judging import Outcome, judge
from codehost.checking.report import CheckReport
from codehost.checking.stopwatch import Stopwatch, WatchedBudget, WatchedFetcher
from codehost.model.codehosts import Mirror
from codehost.model.errors import Failure
from codehost.model.ports import Budget, RootMemory
from codehost.net.fetcher import FetchSettings, HttpFetcher
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.probe import Probe, probe

# Somebody waits for the outcome: less patience than a sync has, where a mirror has no time-out of its own.
_SETTINGS = FetchSettings(silence=15.0, page_deadline=30.0)


async def check(storage: Storage, request: AskingRequest, view: AskingView) -> CheckReport:
    """Ask every enabled mirror for one page, all at the same time, and say how each one is. Nothing is made.

    Raises:
        UserError: there is a database, and it cannot be used.
    """
    with understood(storage):
        async with known(storage, request.name) as what:
            return await check_for(what, request, view)


async def check_for(what: Known, request: AskingRequest, view: AskingView) -> CheckReport:
    """The same, with a database that is open."""
    config = request.config
    project = config.pins[0].project if config.pins else None
    paused = config.rate_limit.requests_per_hour == 0
    outcomes = [None] * len(config.mirrors) if paused else await _ask_all(request, what, project, view)
    return CheckReport(
        code_host=request.name,
        project=project,
        mirrors=judge(config.mirrors, outcomes),
        paused=paused,
        requests_sent=view.tally.requests,
        requests_left=view.tally.requests_left if what.code_host_id is not None else None,
    )


async def _ask_all(request: AskingRequest, what: Known, project: str | None, view: AskingView) -> list[Outcome | None]:
    mirrors = request.config.mirrors
    view.begin(sum(mirror.enabled for mirror in mirrors))
    async with budget(what, request.config.rate_limit.requests_per_hour, view) as allowance:

        async def ask(mirror: Mirror) -> Outcome | None:
            if not mirror.enabled:
                return None
            outcome = await _ask(mirror, project, allowance, memory(what))
            view.advance()
            return outcome

        tasks = [asyncio.create_task(ask(mirror)) for mirror in mirrors]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(mirror: Mirror, project: str | None, allowance: Budget, roots: RootMemory) -> Outcome:
    watch = Stopwatch()
    # A fetcher for each mirror, so that the watch sees its requests alone.
    async with HttpFetcher(WatchedBudget(allowance, watch), _SETTINGS) as fetcher:
        result: Probe | Failure
        try:
            result = await probe(MirrorPages(WatchedFetcher(fetcher, watch), roots), mirror, project)
        except Failure as failure:
            result = failure
    return Outcome(result=result, reached=watch.reached, seconds=watch.seconds)
