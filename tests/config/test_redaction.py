import time

import pytest

from codehost.config.document import parse
from codehost.config.redaction import user_information, with_user_information, without_secrets

REDACTED = [
    (
        '{"urls": ["https://u:p@a/s/", "https://b"], "proxy": null}',
        '{"urls": ["https://a/s", "https://b"], "proxy": null}',
    ),
    ('{"urls": [], "proxy": "http://u:p@c:1/" }', '{"urls": [], "proxy": "http://c:1" }'),
    ('{"urls": [], "proxy": {"url": "http://u:p@c:1"}}', '{"urls": [], "proxy": {"url": "http://c:1"}}'),
    (
        '{"urls": [{"url": "https://u@a", "password":"p" ,"username":{"env":"A"}}]}',
        '{"urls": [{"url": "https://a", "password":"REDACTED" ,"username":{"env":"A"}}]}',
    ),
    (
        '{"urls": [{"url": "https://a", "headers": {"X": "s", "Y": {"file": "/f"}}}]}',
        '{"urls": [{"url": "https://a", "headers": {"X": "REDACTED", "Y": {"file": "/f"}}}]}',
    ),
    (
        '{"urls": [{"url": "https://a", "bearerToken": "t", "clientKeyPassword": "\\u0061"}]}',
        '{"urls": [{"url": "https://a", "bearerToken": "REDACTED", "clientKeyPassword": "REDACTED"}]}',
    ),
    (
        '{"urls": [{"url": "https://a", "proxy": {"url": "http://b", "username": "u"}}]}',
        '{"urls": [{"url": "https://a", "proxy": {"url": "http://b", "username": "REDACTED"}}]}',
    ),
    ('{"urls": [{"url": "https://ü:p@bü/é"}]}', '{"urls": [{"url": "https://bü/é"}]}'),
]

UNCHANGED = [
    '{"urls": ["https://@a", "https://a/feed@Local/pypi"] /* see "x" */, } // end',
    '{"urls": [{"url": "https://a", "password": {"env": "A"}, "caBundle": "/b"}], "dependencies": ["a==1"]}',
    '{"urls": []} // "url": "https://a/feed/Local", {"env": "A"}, ask ops: admin',
]

KEPT = [
    "// Mirrors of the team:",
    "// is this right? see https://wiki.example.com/mirrors, or ask ops: they know",
    '// "urls": ["https://mirror.example.com:8443/simple"],',
    '// "six==1.16.0"',
    "/* a\n * monkey, keyboard: none\n */",
    "// the token comes from ops",
]

WITHHELD = [
    '// "https://u:p@a/s",',
    '// "https://user:pa/ssW0RD@host/simple"',
    r'// "https:\/\/u:p\u0040a"',
    "// curl -u me:secret@host",
    "// https://a/simple?ssW0RD",
    "// ?token=ssW0RD",
    "// ?sig=ssW0RD",
    "// password: ssW0RD",
    "// 'password': 'ssW0RD'",
    '// "password" = "ssW0RD"',
    '// "password": "never closed',
    "// PASSWD=ssW0RD",
    "// Authorization: Bearer ssW0RD",
    "// my_api_key: ssW0RD",
    "// X-Api-Key-Id = ssW0RD",
    "// client_secret: ssW0RD",
    "// the pwd of ops is: ssW0RD",
    "// credentials: ssW0RD",
    "// username: ssW0RD",
    "// the bearer of this is = ssW0RD",
]

COMMENTS = [
    *((comment, comment) for comment in KEPT),
    *((comment, "// (withheld)") for comment in WITHHELD),
    ('// "X-Auth" : "se\\"cret", "env": "A"', "// (withheld)"),
    ('// "X-Custom" : "se\\"cret", "env": "A"', '// "X-Custom" : "REDACTED", "env": "A"'),
    ('/* "url": "https://u:p@a", "password": "p" */', "/* (withheld) */"),
    (
        '/*\r\n * for ops\r\n * password: p\r\n\r\n "x"\r\n */',
        "/*\r\n * for ops\r\n (withheld)\r\n\r\n (withheld)\r\n */",
    ),
    ('// "password":\n  // "p4ss",\n// "six"', "// (withheld)\n  // (withheld)\n// (withheld)"),
    ('// "password":\n// "p4ss"\n// the end\n// "six"', '// (withheld)\n// (withheld)\n// the end\n// "six"'),
    ("// password:\n// p4ss\n// end", "// (withheld)\n// (withheld)\n// end"),
    ('// "X-Custom":\n// "p4ss"', "// (withheld)\n// (withheld)"),
]


@pytest.mark.parametrize(("text", "redacted"), REDACTED)
def test_secrets_go_and_the_rest_stays(text: str, redacted: str) -> None:
    assert without_secrets(text, parse(text)) == redacted


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert without_secrets(text, parse(text)) == text


@pytest.mark.parametrize(("comment", "redacted"), COMMENTS)
def test_comments_lose_the_lines_that_may_hold_one(comment: str, redacted: str) -> None:
    text = '{"urls": ["https://b/x:y@c"] %s\n}'
    assert without_secrets(text % comment, parse(text % comment)) == text % redacted


@pytest.mark.parametrize("piece", ["token ", "keykey", "://x", "?", "a", "'", '"a', "@"])
def test_long_comments_take_no_long_time(piece: str) -> None:
    text = f'{{"urls": []}} // {piece * 20_000}'
    document = parse(text)
    begin = time.process_time()
    without_secrets(text, document)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("url", "user", "other"),
    [
        ("https://a/s@t", "", "https://new@a/s@t"),
        ("https://u:p@a:1/", "u:p", "https://new@a:1/"),
        ("https://u@a", "u", "https://new@a"),
        ("http://u:p%40@[::1]/x", "u:p%40", "http://new@[::1]/x"),
    ],
)
def test_user_information(url: str, user: str, other: str) -> None:
    assert user_information(url) == user
    assert with_user_information(url, "new") == other
