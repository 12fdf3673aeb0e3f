from codehost.app.daemon.sharing import Shares
from codehost.model.workers import RecordedWorker


def worker(owner: str, *held: str) -> RecordedWorker:
    return RecordedWorker(
        owner=owner, host="machine", version="1", pid=1, started_at=0, seen_at=0, stopping=False, held=held
    )


def test_the_pace_is_divided_among_those_that_it_holds_up() -> None:
    shares = Shares(owner="me")
    assert shares.of("python") == 1
    shares.refresh([worker("me", "python"), worker("a", "python", "other"), worker("b", "python"), worker("idle")])
    assert (shares.of("python"), shares.of("other"), shares.of("third")) == (3, 2, 1)
    shares.refresh([worker("me", "python"), worker("a")])
    assert (shares.of("python"), shares.of("other")) == (1, 1)
