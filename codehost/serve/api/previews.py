"""What previews and checks answer: the objects of ``codehost plan --json`` and ``codehost check --json``."""

import msgspec


class PlanCounts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Pins by what would be done about them, and releases to retire. The last two only when mirrors were asked."""

    wanted: int
    unchanged: int
    add: int
    retry: int
    restore: int
    retire: int
    found: int | None
    lacking: int | None


class Cost(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a sync would send. ``seconds``: at least so long; null where no rate says."""

    pages: int
    files: int
    requests: int
    requests_per_hour: int | None
    seconds: float | None


class Spending(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was sent for the answer itself, and what is left of the hour where that is known."""

    sent: int
    left: int | None


class NameClash(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A repository that another code host has already."""

    repository: str
    owner: str


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a mirror said on the way to a file."""

    mirror: str
    page: str | None
    said: str


class PlannedPin(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A pin to ``add``, ``retry`` or ``restore``.

    Attributes:
        pin: as ``six==1.16.0``.
        action: what would be done.
        repository: its name.
        due: whether its file would be downloaded.
        mirror: that has the file, or the one that ended the search.
        page: the project page.
        file: the file's name.
        url: the file's.
        size: in bytes.
        yanked: why it is yanked; "" without a reason.
        why: why this file.
        reason: why there is none.
        message: the same as a sentence.
        asked: what the mirrors said.
    """

    pin: str
    action: str
    repository: str
    due: bool
    mirror: str | None
    page: str | None
    file: str | None
    url: str | None
    size: int | None
    yanked: str | None
    why: str | None
    reason: str | None
    message: str | None
    asked: tuple[Asked, ...]


class Preview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What following a document would do.

    Attributes:
        code_host: its name.
        known: whether there is a code host of that name.
        paused: whether the document allows no request.
        asked: whether mirrors were asked.
        well: whether nothing is known that would keep a sync from doing all of it.
        counts: how much of what.
        sync: what a sync would send.
        requests: what the preview has sent.
        retire: names of repositories.
        clashes: names that are taken.
        pins: those that need something.
        left_out: how many entries the lists lack because of ``limit``.
    """

    code_host: str
    known: bool
    paused: bool
    asked: bool
    well: bool
    counts: PlanCounts
    sync: Cost
    requests: Spending
    retire: tuple[str, ...]
    clashes: tuple[NameClash, ...]
    pins: tuple[PlannedPin, ...]
    left_out: int


class CheckedMirror(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How a mirror is; null where that does not apply or is not known.

    Attributes:
        url: the mirror's, without credentials.
        enabled: whether it is used.
        well: whether it can be.
        reached: whether it answered.
        tls: ``verified``, ``not-verified``, ``plain-http``, ``unknown``.
        credentials: ``none``, ``accepted``, ``refused``, ``missing``, ``unknown``.
        api: ``JSON`` or ``HTML``.
        root: the root of its simple API.
        root_from: how that was found.
        confirmed: whether an answer of its own proves it.
        said: what was found, in words.
        redirected_to: another origin that answered in its place.
        milliseconds: how long the last answer took.
        reason: the class of what is wrong.
        message: what happened.
        hint: what to do.
        warnings: what else is worth knowing.
    """

    url: str
    enabled: bool
    well: bool
    reached: bool | None
    tls: str
    credentials: str
    api: str | None
    root: str | None
    root_from: str | None
    confirmed: bool | None
    said: str | None
    redirected_to: str | None
    milliseconds: float | None
    reason: str | None
    message: str | None
    hint: str | None
    warnings: tuple[str, ...]


class CheckReport(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How all mirrors of a document are, in their order. ``project``: whose page was asked for; null: the listing."""

    code_host: str
    project: str | None
    paused: bool
    well: bool
    requests: Spending
    mirrors: tuple[CheckedMirror, ...]
