import pytest

from codehost.config.document import parse
from codehost.config.redaction import without_secrets

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
    '{"urls": []} // "url": "https://a/feed@Local", {"env": "A"}, ask ops: admin',
]

COMMENTS = [
    ('// "https://u:p@a/s",', '// "https://a/s",'),
    ('/* "url": "https://u:p@a", "password": "p" */', '/* "url": "https://a", "password": "REDACTED" */'),
    ('// "X-Api-Key" : "se\\"cret", "env": "A"', '// "X-Api-Key" : "REDACTED", "env": "A"'),
    ('// "password": "never closed', '// "password": "REDACTED"'),
    ("// curl -u me:secret@host", "// curl -u host"),
]


@pytest.mark.parametrize(("text", "redacted"), REDACTED)
def test_secrets_go_and_the_rest_stays(text: str, redacted: str) -> None:
    assert without_secrets(text, parse(text)) == redacted


@pytest.mark.parametrize("text", UNCHANGED)
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert without_secrets(text, parse(text)) == text


@pytest.mark.parametrize(("comment", "redacted"), COMMENTS)
def test_comments_lose_what_looks_like_one(comment: str, redacted: str) -> None:
    text = '{{"urls": ["//u:p@a"] {}\n}}'
    valid = text.replace("//u:p@a", "https://b/x:y@c")
    assert without_secrets(valid.format(comment), parse(valid.format(comment))) == valid.format(redacted)
