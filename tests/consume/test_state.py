import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from codehost.consume.news import Item, News
from codehost.consume.state import State, Task
from codehost.model.errors import UserError


def news(cursor: str, *items: tuple[str, str | None], more: bool = False) -> News:
    made = tuple(Item(name=name, commit=commit, web_url="http://x") for name, commit in items)
    return News(items=made, cursor=cursor, more=more)


def names(tasks: "list[Task] | Iterator[Task]") -> list[str]:
    return [task.item.name for task in tasks]


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with State(tmp_path / "state.db") as made:
        made.begin("clones", None)
        made.take(news("", more=False))
        yield made


def finish(state: State) -> None:
    state.finish(list(state.pending()), [])


def test_entries_become_work_with_their_cursor(state: State) -> None:
    state.take(news("7", ("a", "1"), ("b", None), ("a", "2")))
    assert state.cursor == "7"
    tasks = list(state.pending())
    assert [(task.item.name, task.item.commit, task.done) for task in tasks] == [("a", "2", None), ("b", None, None)]
    finish(state)
    assert list(state.pending()) == []
    assert names(state.settled()) == ["a"]


def test_it_is_all_there_after_a_crash(tmp_path: Path) -> None:
    with State(tmp_path / "state.db") as state:
        state.begin("clones", None)
        state.take(news("7", ("a", "1"), ("b", "1")))
        state.finish([], [(next(state.pending()), "why")])
        # The connection is not closed.
        with State(tmp_path / "state.db") as again:
            again.begin("clones", None)
            assert (again.cursor, names(again.pending())) == ("7", ["a", "b"])
    with raw(tmp_path) as connection:
        rows = connection.execute("SELECT name, tries, error FROM repositories").fetchall()
    assert rows == [("a", 1, "why"), ("b", 0, None)]


def test_a_page_that_cannot_be_stored_leaves_nothing(state: State) -> None:
    broken = News(items=(*news("", ("a", "1")).items, Item(name=[], commit="", web_url="")), cursor="7", more=False)  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error):
        state.take(broken)
    assert (state.cursor, list(state.pending())) == ("", [])
    state.take(news("8", ("a", "1")))


def test_numbers_are_given_once(state: State) -> None:
    state.take(news("1", ("a", "1"), ("b", "1")))
    first = {task.item.name: task.number for task in state.pending()}
    finish(state)
    state.take(news("2", ("b", None), ("a", "2"), ("a", "3")))
    finish(state)
    state.take(news("3", ("b", "1"), ("c", "1")))
    again = {task.item.name: task.number for task in state.pending()}
    assert first == {"a": 1, "b": 2}
    assert again == {"b": 2, "c": 3}


def test_there_are_so_many_numbers_and_no_more(state: State, tmp_path: Path) -> None:
    with raw(tmp_path) as connection:
        connection.execute("INSERT INTO sqlite_sequence VALUES ('repositories', 4294967294)")
    state.take(news("1", ("a", "1")))
    assert [task.number for task in state.pending()] == [4294967295]
    with pytest.raises(UserError, match="no numbers left"):
        state.take(news("2", ("b", "1")))
    assert state.cursor == "1"


def test_what_does_not_turn_up_again_is_to_go(state: State) -> None:
    state.take(news("1", ("a", "1"), ("b", "1"), ("c", "1"), ("d", None)))
    finish(state)
    state.forget()
    assert state.cursor == ""
    state.take(news("8", ("b", "1"), more=True))
    assert names(state.pending()) == ["b"]
    state.take(news("9", ("c", "2")))
    assert [(task.item.name, task.item.commit) for task in state.pending()] == [("a", None), ("b", "1"), ("c", "2")]
    finish(state)
    # Only then: what has not turned up since is not in question.
    state.take(news("10"))
    assert names(state.settled()) == ["b", "c"]


def test_the_engine_is_told_of_what_is_new_to_it(state: State) -> None:
    state.take(news("1", ("a", "1"), ("b", "1"), ("c", "1")))
    assert state.untold() == []
    finish(state)
    state.take(news("2", ("b", "2")))
    # A clone that is about to change is not told of.
    assert names(state.untold()) == ["a", "c"]
    finish(state)
    state.told(state.untold())
    state.take(news("3", ("a", "1"), ("b", "3"), ("c", None)))
    finish(state)
    assert names(state.untold()) == ["b"]
    # What was told of and then marked is not news, what was removed and came back is.
    state.take(news("4", ("b", "3"), ("c", "1")))
    finish(state)
    assert names(state.untold()) == ["b", "c"]
    state.take(news("5", ("b", None)))
    finish(state)
    assert names(state.untold()) == ["c"]


def test_what_other_hands_have_taken(state: State) -> None:
    state.take(news("1", ("a", "1"), ("b", "1")))
    finish(state)
    state.told(state.untold())
    state.redo([task for task in state.settled() if task.item.name == "b"])
    assert [(task.item.name, task.done) for task in state.pending()] == [("b", None)]
    finish(state)
    assert names(state.untold()) == ["b"]


@pytest.mark.parametrize(
    ("engine", "code_host", "cursor", "done"),
    [("clones", None, "1", "c"), ("clones", "h", "", "c"), ("notify", None, "", None)],
)
def test_another_purpose_begins_from_nothing(
    state: State, engine: str, code_host: str | None, cursor: str, done: str | None
) -> None:
    state.take(news("1", ("a", "c"), ("b", "c")))
    finish(state)
    state.begin(engine, code_host)
    assert state.cursor == cursor
    state.take(news("2", ("a", "c")))
    [task, *others] = state.pending()
    assert (task.done, names(others)) == (done, [] if cursor else ["b"])


def test_a_newer_state_is_left_alone(tmp_path: Path) -> None:
    with State(tmp_path / "state.db"):
        pass
    with raw(tmp_path) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(UserError, match="made by a newer codehost"):
        State(tmp_path / "state.db")


@contextmanager
def raw(folder: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(folder / "state.db", isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()
