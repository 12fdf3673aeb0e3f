"""The resolver: asks the mirrors for a pin, in order.

Only a clear "not here" goes on to the next mirror. An error stops: falling through on errors would let a public
package stand in for a private one.
"""

from dataclasses import replace

from codehost.model.codehosts import IndexStrategy, Mirror
from codehost.model.errors import Failure, Reason
from codehost.model.pins import Pin
from codehost.model.ports import Fetcher, RootMemory
from codehost.model.releases import Answer, Resolution
from codehost.net.origins import shown
from codehost.resolve.mirror_pages import MirrorPages
from codehost.resolve.single_flight import SingleFlight
from codehost.resolve.verdict import decided, judge, nobody_to_ask, nowhere, won
from codehost.resolve.words import Word


class Resolver:
    """Resolutions for pins. Each project is asked of each mirror once, until ``forget``.

    ``memory`` holds where the mirrors' simple roots were found. Disabled mirrors are not asked.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        mirrors: tuple[Mirror, ...],
        memory: RootMemory,
        index_strategy: IndexStrategy = IndexStrategy.FIRST_MATCH,
    ) -> None:
        self._mirrors = mirrors
        self._enabled = [(index, mirror) for index, mirror in enumerate(mirrors) if mirror.enabled]
        self._strategy = index_strategy
        self._pages = MirrorPages(fetcher, memory)
        self._words: SingleFlight[tuple[str, int], Word] = SingleFlight()

    async def resolve(self, pin: Pin) -> Resolution:
        """The first mirror that has the release, and the distribution file to take there.

        Raises:
            Failure: NOT_FOUND, VERSION_NOT_FOUND or NO_USABLE_FILE when every mirror was asked in vain, or the first
                that knows the project lacks the release and decides; otherwise what stopped the search, with its
                mirror.
        """
        asked: list[Answer] = []
        lacking: list[Reason] = []
        for index, mirror in self._enabled:
            word = await self._ask(pin.project, index, mirror)
            verdict = judge(word, pin, mirror)
            answer = Answer(mirror=mirror.url, page_url=shown(word.url), said=verdict.said)
            if verdict.chosen is not None:
                file, why = verdict.chosen
                because = won(self._strategy, len(asked), len(self._enabled) - len(asked) - 1)
                return Resolution(
                    pin=pin,
                    mirror=mirror.url,
                    position=index,
                    page_url=answer.page_url,
                    file=file,
                    why=why,
                    asked=(*asked, replace(answer, said=f"{answer.said}: {because}")),
                )
            asked.append(answer)
            lacking.append(verdict.lacking)
            if verdict.knows and self._strategy is IndexStrategy.FIRST_INDEX:
                raise decided(pin, asked, verdict.lacking)
        raise nowhere(pin, asked, lacking) if asked else nobody_to_ask(pin, self._mirrors)

    def forget(self, project: str) -> None:
        """Drop the project's pages (normalised name), so that the next pin asks again."""
        for index in range(len(self._mirrors)):
            self._words.forget((project, index))

    async def _ask(self, project: str, index: int, mirror: Mirror) -> Word:
        try:
            return await self._words.get((project, index), lambda: self._pages.ask(mirror, project))
        except Failure as failure:
            # A fresh one for each pin: several may wait for the same page.
            raise failure.at(mirror.url) from None
