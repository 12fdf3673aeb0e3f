"""The outcome of a preview: what ``codehost plan`` says."""

from collections.abc import Mapping
from dataclasses import dataclass

from codehost.model.errors import Failure
from codehost.model.pins import Pin
from codehost.model.releases import Resolution
from codehost.net.origins import shown
from codehost.preview.estimate import Estimate
from codehost.preview.intent import Action, Intent, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The outcome. ``known``: the database has the code host. ``answers`` is None when nobody was asked."""

    code_host: str
    known: bool
    wanted: int
    requests_per_hour: int | None
    intent: Intent
    answers: Mapping[Pin, Resolution | Failure] | None
    estimate: Estimate
    requests_sent: int = 0
    requests_left: int | None = None

    @property
    def paused(self) -> bool:
        """Whether ``requestsPerHour`` is 0: no request may be sent, by a preview neither."""
        return self.requests_per_hour == 0

    @property
    def lacking(self) -> tuple[tuple[Pin, Failure], ...]:
        """The pins that would not be found, and why."""
        answers = (self.answers or {}).items()
        return tuple((pin, answer) for pin, answer in answers if isinstance(answer, Failure))

    @property
    def well(self) -> bool:
        """Whether nothing is known that would keep a sync from doing all of it."""
        return not self.lacking and not self.intent.clashes


def preview_to_json(preview: Preview, most: int | None = None) -> dict[str, object]:
    """The object that ``codehost plan --json`` prints; what does not apply is null.

    With ``most``, each list has at most so many entries, and ``leftOut`` counts what all of them lack.

    * ``codeHost``: its name; ``known``: the database has it; ``paused``; ``asked``: mirrors were asked; ``well``: the
      exit status is 0.
    * ``counts``: pins ``wanted``, ``unchanged``, to ``add``, ``retry`` and ``restore``; releases to ``retire``; pins
      ``found`` and ``lacking`` when mirrors were asked.
    * ``sync``: what a sync would send: ``pages``, ``files``, ``requests`` (the sum), ``requestsPerHour`` (null: no
      limit), ``seconds`` (at least so long; null where no rate says).
    * ``requests``: what the preview itself ``sent``, and what is ``left`` of the hour.
    * ``retire``: names of repositories. ``clashes``: a ``repository`` and the code host that has it (``owner``).
    * ``pins``: for each to add, retry or restore, in that order: ``pin``, ``action``, ``repository``, ``due`` (its file
      would be downloaded); if it was found ``mirror``, ``page``, ``file``, ``url``, ``size``, ``yanked``, ``why``, and
      ``asked``: what each mirror on the way to the file said (``mirror``, ``page``, ``said``); if it was not ``mirror``
      (the one that stopped the search), ``reason``, ``message``.
    """
    intent, estimate = preview.intent, preview.estimate
    lists = intent.retire, intent.clashes, intent.steps
    retire, clashes, steps = intent.retire[:most], intent.clashes[:most], intent.steps[:most]
    left_out = sum(map(len, lists)) - len(retire) - len(clashes) - len(steps)
    lacking = len(preview.lacking)
    return {
        "codeHost": preview.code_host,
        "known": preview.known,
        "paused": preview.paused,
        "asked": preview.answers is not None,
        "well": preview.well,
        "counts": {
            "wanted": preview.wanted,
            "unchanged": intent.unchanged,
            **{str(action): intent.count(action) for action in Action},
            "retire": len(intent.retire),
            "found": None if preview.answers is None else len(preview.answers) - lacking,
            "lacking": None if preview.answers is None else lacking,
        },
        "sync": {
            "pages": estimate.pages,
            "files": estimate.files,
            "requests": estimate.requests,
            "requestsPerHour": preview.requests_per_hour,
            "seconds": None if estimate.seconds is None else round(estimate.seconds, 3),
        },
        "requests": {"sent": preview.requests_sent, "left": preview.requests_left},
        "retire": list(retire),
        "clashes": [{"repository": clash.repository, "owner": clash.owner} for clash in clashes],
        "pins": [_step_to_json(step, (preview.answers or {}).get(step.pin)) for step in steps],
        **({} if most is None else {"leftOut": left_out}),
    }


def _step_to_json(step: Step, answer: Resolution | Failure | None) -> dict[str, object]:
    found = answer if isinstance(answer, Resolution) else None
    failure = answer if isinstance(answer, Failure) else None
    mirror = found or failure
    return {
        "pin": str(step.pin),
        "action": step.action,
        "repository": step.repository,
        "due": step.due,
        "mirror": mirror.mirror if mirror else None,
        "page": found.page_url if found else None,
        "file": found.file.filename if found else None,
        "url": shown(found.file.url) if found else None,
        "size": found.file.size if found else None,
        "yanked": found.file.yanked if found else None,
        "why": found.why if found else None,
        "reason": failure.reason if failure else None,
        "message": str(failure) if failure else None,
        "asked": [
            {"mirror": answer.mirror, "page": answer.page_url, "said": answer.said}
            for answer in (found.asked if found else ())
        ],
    }
