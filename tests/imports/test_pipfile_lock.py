from codehost.imports.pipfile_lock import read_pipfile_lock
from tests.imports.samples import PIPFILE_LOCK, left, lines


def test_every_category_and_sort_of_entry() -> None:
    found = read_pipfile_lock("Pipfile.lock", PIPFILE_LOCK)
    assert lines(found) == ["celery==5.3.6", "celery==5.3.6", "old==0.9", "sphinx==7.2.6"]
    assert left(found) == [
        ("root", "app @ ."),
        ("unpinned", "any"),
        ("url", "far @ https://files.example.com/…"),
        ("vcs", "hub @ https://git.example.com/…"),
        ("editable", "near @ ./near"),
        ("local", "vendored @ vendor/vendored-1.0.tar.gz"),
        ("range", "open>=1.0"),
    ]
    assert found.pins[0].origin == "Pipfile.lock (celery)"


def test_entries_that_say_nothing() -> None:
    text = '{"_meta": {}, "default": {"a": {}, "b": 3, "c": {"version": "1.0"}, "d": {"editable": true}}, "develop": 1}'
    assert left(read_pipfile_lock("Pipfile.lock", text)) == [
        ("unpinned", "a"),
        ("unpinned", "b"),
        ("version", "c1.0"),
        ("editable", "d"),
    ]
