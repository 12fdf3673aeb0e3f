"""What every reader here says of an archive that is damaged, or of which two readers could make two things."""

from codehost.model.errors import Failure, Reason


def refuse(what: str) -> Failure:
    """The failure for a damaged or ambiguous archive; ``what`` says in a clause what was found."""
    return Failure(Reason.UNSAFE_ARCHIVE, what)
