from codehost.starter.document import Contents, text_of
from codehost.starter.members import Entry, Member

EMPTY = Contents(sources=(), entries=(), strategy=None, strategy_comment=None, proxy=None, left_out=())

LAID_OUT = """\
// Written by `codehost init` from what pip and uv use on this machine.
// What was read:
//   /etc/pip.conf
//   PIP_PROXY
// Left out find-links.
{
  // Mirrors, asked in this order: when one does not have a project or version, the next one is asked. Any other
  // trouble stops there, so that nothing public stands in for something private.
  "urls": [
    // From here.
    "https://a.example.com",
    // From there.
    {
      "url": "https://b.example.com",
      // One.
      // Two.
      "username": { "env": "U" },
      "ignoreStatusCodes": [401, 403],
      "proxy": null,
    },
  ],

  // Why.
  "indexStrategy": "first-index",

  // Through this.
  "proxy": "http://p.example.com",

  // Pins: one release each, written name==version. `codehost import` adds those of a requirements file or lock
  // file.
  "dependencies": [
    // "six==1.16.0",
  ],

  // At most so many requests in any hour: pages, redirects, retries and downloads. This is what holds as long as
  // the line is a comment.
  // "rateLimit": { "enabled": true, "requestsPerHour": 57600 },
}
"""


def test_how_a_document_is_laid_out() -> None:
    one = Entry(comments=("From here.",), members=(Member(key="url", value="https://a.example.com"),))
    other = Entry(
        comments=("From there.",),
        members=(
            Member(key="url", value="https://b.example.com"),
            Member(key="username", value={"env": "U"}, comments=("One.", "Two.")),
            Member(key="ignoreStatusCodes", value=[401, 403]),
            Member(key="proxy", value=None),
        ),
    )
    contents = Contents(
        sources=("/etc/pip.conf", "PIP_PROXY"),
        entries=(one, other),
        strategy=Member(key="indexStrategy", value="first-index", comments=("Why.",)),
        strategy_comment=None,
        proxy=Member(key="proxy", value="http://p.example.com", comments=("Through this.",)),
        left_out=("Left out find-links.",),
    )
    assert text_of(contents) == LAID_OUT


def test_a_long_object_has_a_line_for_each_key() -> None:
    proxy = Member(key="proxy", value={"url": f"http://{'p' * 100}.example.com", "username": {"env": "U"}})
    contents = Contents(sources=(), entries=(), strategy=None, strategy_comment="Not so.", proxy=proxy, left_out=())
    text = text_of(contents)
    assert '  "proxy": {\n    "url": "http://ppp' in text
    assert '    "username": { "env": "U" },\n  },\n' in text
    assert "  // Not so.\n" in text


def test_without_sources_the_public_mirror_is_explained() -> None:
    assert "the public PyPI is the only mirror" in text_of(EMPTY)


def test_what_no_file_can_hold_is_escaped() -> None:
    bundle = Member(key="caBundle", value="/é\udcff\n.pem")
    entry = Entry(comments=("From /x\n{}",), members=(Member(key="url", value="https://ü.example.com"), bundle))
    contents = Contents(
        sources=("/\udcff",), entries=(entry,), strategy=None, strategy_comment=None, proxy=None, left_out=()
    )
    text = text_of(contents)
    assert text.encode()
    assert '"https://ü.example.com"' in text
    assert r'"/\u00e9\udcff\n.pem"' in text
    assert "// From /x\\n{}\n" in text
