"""``codehost plan``, wired."""

import asyncio

from codehost.app.asking import AskingRequest, AskingView, Known, budget, known, memory
from codehost.app.storage import Storage, understood
from codehost.model.datadir import DataDirectory
from codehost.net.breaker import BreakingFetcher
from codehost.net.fetcher import HttpFetcher
from codehost.preview.asking import ask
from codehost.preview.estimate import estimate_asked, estimate_unasked
from codehost.preview.intent import Intent, clashing, intend
from codehost.preview.outcome import Preview
from codehost.preview.patience import Patience
from codehost.record.releases import Releases
from codehost.resolve.resolver import Resolver


async def plan(storage: Storage, request: AskingRequest, view: AskingView) -> Preview:
    """What a sync would do, which file each pin would be, and what that costs. Nothing is made; no file is asked for.

    Raises:
        UserError: there is a database, and it cannot be used.
    """
    with understood(storage):
        async with known(storage, request.name) as what:
            return await preview_of(what, request, await intent_for(what, storage.data, request), view)


async def intent_for(what: Known, data: DataDirectory, request: AskingRequest) -> Intent:
    """What a sync would do, as far as the record tells. Nobody is asked."""
    releases = None if what.database is None else Releases(what.database)
    own = await releases.recorded(what.code_host_id) if releases and what.code_host_id is not None else []
    # A hundred thousand pins take a while, and whatever else is on this loop goes on.
    intent = await asyncio.to_thread(intend, request.config, own, exists=lambda name: data.repository(name).exists())
    if releases is None:
        return intent
    return await asyncio.to_thread(clashing, intent, await releases.owners(intent.added))


async def preview_of(what: Known, request: AskingRequest, intent: Intent, view: AskingView) -> Preview:
    """What that would send; which file each pin would be, if mirrors may be asked."""
    if request.offline or request.config.rate_limit.requests_per_hour == 0:
        return await asyncio.to_thread(_unasked, request, what, intent)
    return await _asked(request, what, intent, view)


def _unasked(request: AskingRequest, what: Known, intent: Intent) -> Preview:
    limit = request.config.rate_limit.requests_per_hour
    return Preview(
        code_host=request.name,
        known=what.code_host_id is not None,
        wanted=len(request.config.pins),
        requests_per_hour=limit,
        intent=intent,
        answers=None,
        estimate=estimate_unasked(intent, limit),
    )


async def _asked(request: AskingRequest, what: Known, intent: Intent, view: AskingView) -> Preview:
    limit = request.config.rate_limit.requests_per_hour
    async with budget(what, limit, view) as allowance, HttpFetcher(allowance) as fetcher:
        patient = BreakingFetcher(fetcher, Patience())
        resolver = Resolver(patient, request.config.mirrors, memory(what), request.config.index_strategy)
        answers = await ask(resolver, intent.due, view)
    sent, left = view.tally.requests, view.tally.requests_left
    # Without a ledger a sync begins with the whole allowance: nobody has kept what the preview sent.
    kept = left if what.code_host_id is not None else None
    return Preview(
        code_host=request.name,
        known=what.code_host_id is not None,
        wanted=len(request.config.pins),
        requests_per_hour=limit,
        intent=intent,
        answers=answers,
        estimate=estimate_asked(answers, sent, limit, kept),
        requests_sent=sent,
        requests_left=kept,
    )
