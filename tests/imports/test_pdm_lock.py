from codehost.imports.pdm_lock import read_pdm_lock
from tests.imports.samples import PDM_LOCK, left, lines


def test_every_sort_of_package() -> None:
    found = read_pdm_lock("pdm.lock", PDM_LOCK)
    assert lines(found) == ["requests==2.31.0", "requests==2.31.0"]
    assert left(found) == [
        ("root", "app @ ./"),
        ("editable", "near @ ./libs/near"),
        ("local", "beside @ ./libs/beside"),
        ("vcs", "hub @ https://git.example.com/…"),
        ("url", "remote @ https://files.example.com/…"),
    ]


def test_an_editable_checkout() -> None:
    text = '[[package]]\nname = "x"\nversion = "1"\neditable = true\nhg = "https://hg.example.com/x"\n'
    assert left(read_pdm_lock("pdm.lock", text)) == [("editable", "x @ https://hg.example.com/…")]
