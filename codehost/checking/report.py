"""The outcome of a check: what ``codehost check`` says."""

from dataclasses import dataclass

from codehost.checking.judging import CheckedMirror


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """All mirrors in the order of ``urls``. ``project``: whose page was asked for; None when it was the listing."""

    code_host: str
    project: str | None
    mirrors: tuple[CheckedMirror, ...]
    paused: bool = False
    requests_sent: int = 0
    requests_left: int | None = None

    @property
    def well(self) -> bool:
        """Whether there is an enabled mirror, and all of them can be used; a paused code host is as it is wanted."""
        enabled = [checked for checked in self.mirrors if checked.mirror.enabled]
        return bool(enabled) and (self.paused or all(checked.well for checked in enabled))


def report_to_json(report: CheckReport) -> dict[str, object]:
    """The object that ``codehost check --json`` prints; what does not apply or is not known is null.

    * ``codeHost``: its name; ``project``: whose page was asked for (null: the listing of all projects); ``paused``:
      nobody was asked because ``requestsPerHour`` is 0; ``well``: the exit status is 0, as it is for a paused one.
    * ``requests``: how many were ``sent``, and what is ``left`` of the hour.
    * ``mirrors``: for each entry of ``urls`` in order: ``url``, ``enabled``, ``well``, ``reached`` (it answered),
      ``tls`` (``verified``, ``not-verified``, ``plain-http``, ``unknown``), ``credentials`` (``none``, ``accepted``,
      ``refused``, ``missing``, ``unknown``), ``api`` (``JSON``, ``HTML``), ``root`` (the simple root), ``rootFrom``
      (``written``, ``remembered``, ``project-page``, ``listing``), ``confirmed`` (an answer of the mirror's own proves
      the root), ``said`` (what was found, a clause), ``redirectedTo`` (another origin that answered), ``milliseconds``
      (of the last answer); for one that is not well ``reason`` (null where it answered and nothing showed a simple
      API), ``message`` and ``hint``; and ``warnings``, clauses.
    """
    return {
        "codeHost": report.code_host,
        "project": report.project,
        "paused": report.paused,
        "well": report.well,
        "requests": {"sent": report.requests_sent, "left": report.requests_left},
        "mirrors": [_mirror_to_json(checked) for checked in report.mirrors],
    }


def _mirror_to_json(checked: CheckedMirror) -> dict[str, object]:
    probe, failure, outcome = checked.probe, checked.failure, checked.outcome
    return {
        "url": checked.mirror.url,
        "enabled": checked.mirror.enabled,
        "well": checked.well,
        "reached": outcome.reached if outcome else None,
        "tls": checked.security,
        "credentials": checked.access,
        "api": probe.api if probe else None,
        "root": probe.root if probe else None,
        "rootFrom": probe.how if probe else None,
        "confirmed": probe.confirmed if probe else None,
        "said": probe.said if probe else None,
        "redirectedTo": probe.final_origin if probe else None,
        "milliseconds": None if outcome is None or outcome.seconds is None else round(outcome.seconds * 1000, 1),
        "reason": failure.reason if failure else None,
        "message": failure.what if failure else probe.said if probe and checked.unsure else None,
        "hint": checked.advice,
        "warnings": list(checked.warnings),
    }
