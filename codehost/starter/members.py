"""A merged mirror as the keys of its object in ``urls``, each with the words that stand above it."""

from dataclasses import dataclass

from codehost.model.codehosts import IndexStrategy
from codehost.model.texts import printable
from codehost.starter.addresses import Address
from codehost.starter.merge import Draft
from codehost.starter.references import Holder, Naming, References
from codehost.starter.settings import Setting

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

_STATUSES = range(400, 600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One key of an object, its value, and the paragraphs of the comment above it."""

    key: str
    value: Json
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One mirror: its comment, its keys (``url`` first), and what to tell the person at the terminal."""

    comments: tuple[str, ...]
    members: tuple[Member, ...]
    notes: tuple[str, ...] = ()


def entry_of(draft: Draft, naming: Naming) -> Entry:
    """The entry for a mirror."""
    comments = [f"From {' and '.join(draft.origins)}.", *draft.remarks]
    references = naming.references(
        Holder(address=draft.address, origin=draft.credentials_origin, own=draft.own_variables)
    )
    notes = list(references.notes)
    if draft.wants_credentials and not draft.has_credentials:
        stem = naming.stem(draft.address)
        said = f"uv takes the credentials of {draft.address.url} from a keyring or netrc file, which are not read here"
        comments.append(f'{said}: add "username" and "password", such as {{ "env": "{stem}_PASSWORD" }}.')
        notes.append(f"{said}: add them to its entry in urls.")
    members = [Member(key="url", value=draft.address.url), *_credentials(references), *_tls(draft), *_rest(draft)]
    if draft.explicit:
        notes.append(
            f"{draft.address.url} is switched off: uv asks it only for projects that are sent to it. Move it to where "
            "it should be asked and switch it on."
        )
    return Entry(comments=tuple(comments), members=tuple(members), notes=tuple(notes))


def proxy_member(proxy: Setting[Address], naming: Naming) -> tuple[Member, tuple[str, ...]]:
    """The document's proxy, and the notes for the terminal."""
    references = naming.references(Holder(address=proxy.value, origin=proxy.origin))
    value: Json = proxy.value.url
    if references.username:
        value = {
            "url": proxy.value.url,
            **{member.key: member.value for member in _credentials(references)},
        }
    comments = (f"All mirrors are asked through this proxy. From {proxy.origin}.", *references.comments)
    return Member(key="proxy", value=value, comments=comments), references.notes


def strategy_member(strategy: Setting[str]) -> Member | None:
    """The strategy of uv where codehost has the same; None where it has not."""
    if strategy.value != IndexStrategy.FIRST_INDEX:
        return None
    return Member(
        key="indexStrategy",
        value=strategy.value,
        comments=(
            f"The first mirror that knows a project is the only one that is asked for it. From {strategy.origin}.",
        ),
    )


def _credentials(references: References) -> list[Member]:
    members: list[Member] = []
    for key, name in (("username", references.username), ("password", references.password)):
        if name:
            comments = () if members else references.comments
            members.append(Member(key=key, value={"env": name}, comments=comments))
    return members


def _tls(draft: Draft) -> list[Member]:
    members: list[Member] = []
    if draft.unverified:
        warning = (
            f"Careful: {draft.unverified} turns the check of this server's certificate off, so whoever is on the way "
            'can change what is read. Better remove this line and name the server\'s authority: "caBundle".'
        )
        members.append(Member(key="verifyTLS", value=False, comments=(warning,)))
    if draft.ca_bundle:
        comment = f"Authorities that are trusted beside the system's. From {printable(draft.ca_bundle.origin)}."
        members.append(Member(key="caBundle", value=draft.ca_bundle.value, comments=(comment,)))
    if draft.client_certificate:
        comment = f"Certificate and key in one file. From {printable(draft.client_certificate.origin)}."
        members.append(Member(key="clientCertificate", value=draft.client_certificate.value, comments=(comment,)))
    return members


def _rest(draft: Draft) -> list[Member]:
    members: list[Member] = []
    if draft.connect_timeout_ms:
        comment = f"From {draft.connect_timeout_ms.origin}."
        members.append(Member(key="connectTimeoutMs", value=draft.connect_timeout_ms.value, comments=(comment,)))
    statuses: list[Json] = [status for status in draft.ignored_statuses if status in _STATUSES]
    if statuses:
        comment = 'Statuses that mean "not here" on this mirror: uv\'s ignore-error-codes.'
        members.append(Member(key="ignoreStatusCodes", value=statuses, comments=(comment,)))
    if draft.unproxied:
        members.append(Member(key="proxy", value=None, comments=(f"No proxy: from {draft.unproxied}.",)))
    if draft.explicit:
        comment = (
            "Switched off: uv asks this one only for projects that are sent to it (explicit = true), and here nothing "
            "is sent anywhere. Move it to where it should be asked, then remove this line."
        )
        members.append(Member(key="enabled", value=False, comments=(comment,)))
    return members
