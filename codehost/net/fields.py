"""Fields of an answer's head that must mean one thing to everybody. Pure.

Where two readers of one answer can understand it differently, one of them takes other bytes for the file than the
other. What the parser below leaves open is decided here; lengths that contradict each other it refuses itself.
"""

from collections.abc import Iterable

from codehost.model.errors import Failure, Reason
from codehost.model.texts import printable

_SHOWN = 60


def check_transfer_codings(values: Iterable[str]) -> None:
    """Refuse transfer codings that nothing here undoes: the parser would pass on the coded bytes as the body.

    Args:
        values: every ``Transfer-Encoding`` field.

    Raises:
        Failure: SERVER_ERROR. RFC 9112, 6.1: a client that did not send ``TE`` is sent nothing but ``chunked``.
    """
    for coding in _listed(values):
        # "identity" is RFC 2616's word for none. "chunked" twice comes from a proxy that says it again for its server.
        if coding not in {"chunked", "identity"}:
            what = f"the answer came in the transfer coding {printable(coding, _SHOWN)}, which was not asked for"
            raise Failure(Reason.SERVER_ERROR, what)


def content_coding(values: Iterable[str]) -> str:
    """The content coding in lower case, empty when there is none; several are listed with commas, in their order.

    Args:
        values: every ``Content-Encoding`` field (RFC 9110, 5.3: fields of one name are one list).
    """
    return ", ".join(coding for coding in _listed(values) if coding != "identity")


def _listed(values: Iterable[str]) -> list[str]:
    return [name for value in values for part in value.split(",") if (name := part.strip().lower())]
