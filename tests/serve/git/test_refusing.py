import pytest

from codehost.serve.git.refusing import REQUEST_TYPE, missing, refuse
from codehost.serve.names import Action, Address

CASES = [
    (Action.REFS, "GET", "git-upload-pack", "", None),
    (Action.UPLOAD, "POST", None, REQUEST_TYPE, None),
    (Action.REFS, "GET", "git-receive-pack", "", 403),
    (Action.RECEIVE, "POST", None, "", 403),
    (Action.REFS, "GET", None, "", 403),
    (Action.REFS, "GET", "git-upload-archive", "", 403),
    (Action.REFS, "GET", "", "", 403),
    (Action.DUMB, "GET", None, "", 403),
    (Action.REFS, "HEAD", "git-upload-pack", "", 405),
    (Action.REFS, "POST", "git-upload-pack", "", 405),
    (Action.UPLOAD, "GET", None, "", 405),
    (Action.UPLOAD, "DELETE", None, "", 405),
    (Action.UPLOAD, "POST", None, "application/octet-stream", 415),
]


@pytest.mark.parametrize(("action", "method", "service", "content_type", "status"), CASES)
def test_refusals(action: Action, method: str, service: str | None, content_type: str, status: int | None) -> None:
    refusal = refuse(Address(name="a", action=action), method, service, content_type)
    assert (None if refusal is None else refusal.status) == status
    if refusal is not None:
        assert refusal.sentence.endswith(".")
        assert ("Allow" in refusal.headers) == (status == 405)


def test_missing() -> None:
    assert missing().status == 404
