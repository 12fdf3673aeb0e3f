"""Values that the tests of the check are fed with."""

from codehost.checking.judging import Outcome
from codehost.model.codehosts import Credentials, Header, Mirror, Tls
from codehost.model.errors import Failure, Reason
from codehost.resolve.probe import Probe
from codehost.resolve.roots import How

URL = "https://mirror.example.com/simple"
PLAIN = "http://mirror.example.com/simple"
CREDENTIALS = Credentials(username="user", password="canary")
TOKEN = (Header(name="Authorization", value="Bearer canary"),)
UNVERIFIED = Tls(verify=False)


def mirror(
    url: str = URL,
    *,
    credentials: Credentials | None = None,
    headers: tuple[Header, ...] = (),
    tls: Tls | None = None,
    enabled: bool = True,
) -> Mirror:
    return Mirror(url=url, credentials=credentials, headers=headers, tls=tls or Tls(), enabled=enabled)


def found(root: str | None = URL, *, final_origin: str | None = None, confirmed: bool = True) -> Outcome:
    how = None if root is None else How.WRITTEN
    probe = Probe(
        root=root,
        how=how,
        api="JSON" if confirmed else None,
        said="has six in 2 versions",
        final_origin=final_origin,
        confirmed=confirmed,
    )
    return Outcome(result=probe, reached=True, seconds=0.0123)


def failed(reason: Reason, *, reached: bool = True, what: str = "something is wrong") -> Outcome:
    return Outcome(result=Failure(reason, what, mirror=URL), reached=reached, seconds=0.0123 if reached else None)
