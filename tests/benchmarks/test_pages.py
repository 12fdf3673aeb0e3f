import pytest

from benchmarks.pages import Page, html_page, json_page, main, make_names, ours, plain_html, plain_json, report

JSON = "application/vnd.pypi.simple.v1+json"


def test_one_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--links", "100", "--rounds", "1"]) == 0
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:4] == ["page", "links", "MB", "seconds"]
    names = ["HTML, sha256", "HTML, no digests", "JSON"]
    assert [row[:2] for row in rows[2:]] == [[name, links] for links in ("2", "20", "100") for name in names]


def test_both_ways_find_every_release() -> None:
    assert len(set(make_names(205))) == 205
    releases = {"0", *(f"0.0.{release}" for release in range(1, 11))}
    for digests in (True, False):
        body = html_page(205, digests=digests)
        assert ours("text/html", body) == plain_html(body) == releases
    assert ours(JSON, json_page(205)) == plain_json(json_page(205)) == releases


def test_ways_that_disagree_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    page = Page(name="HTML", links=1, size=1, ours=lambda: {"1"}, plain=lambda: {"2"})
    assert report([page], rounds=1) == 1
    assert capsys.readouterr().out.endswith("wrong: the two ways find different releases\n")


@pytest.mark.parametrize("arguments", [["--links", "0"], ["--rounds", "0"]])
def test_options_that_make_no_sense(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
