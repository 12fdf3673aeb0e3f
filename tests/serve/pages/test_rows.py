"""Lines as rows of a table."""

from codehost.serve.pages.rows import plain_fragments, table_rows


def test_rows_have_anchors_and_numbers_that_are_not_copied() -> None:
    rows = table_rows(plain_fragments(("a<b", "", "\u202e\x85"), 100)).split("\n")
    assert [row.partition(">")[0] for row in rows] == ['<tr id="L1"', '<tr id="L2"', '<tr id="L3"']
    assert rows[0].endswith("<td>a&lt;b</td></tr>")
    assert ">1<" not in rows[0]
    assert rows[2].endswith('<td><span class="odd">U+202E</span><span class="odd">U+0085</span></td></tr>')


def test_long_lines_are_cut() -> None:
    [fragment] = plain_fragments(("x" * 103,), 100)
    assert fragment == "x" * 100 + '<span class="odd">3 more characters</span>'
