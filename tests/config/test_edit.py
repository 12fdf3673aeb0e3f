import itertools
import json

import pytest

from codehost.config.document import DocumentError, parse
from codehost.config.edit import add_dependencies

NEW = ["n==1", "m==2"]

# A document, and what becomes of it. Each "→" is a tab.
TABLE = [
    # The list is there.
    ('{"dependencies": ["a==1", "b==2"]}', '{"dependencies": ["a==1", "b==2", "n==1", "m==2"]}'),
    ('{"dependencies":["a==1","b==2"]}', '{"dependencies":["a==1","b==2","n==1","m==2"]}'),
    ('{"dependencies": ["a==1",]}', '{"dependencies": ["a==1", "n==1", "m==2",]}'),
    ('{"dependencies": [ "a==1" ]}', '{"dependencies": [ "a==1", "n==1", "m==2" ]}'),
    ('{"dependencies": ["a==1" /* x */]}', '{"dependencies": ["a==1", /* x */ "n==1", "m==2"]}'),
    (
        '{\n  "dependencies": [\n    "a==1",\n    "b==2"\n  ]\n}\n',
        '{\n  "dependencies": [\n    "a==1",\n    "b==2",\n    "n==1",\n    "m==2"\n  ]\n}\n',
    ),
    (
        '{\n→"dependencies": [\n→→"a==1", // one\n→→// "old==1",\n→],\n}',
        '{\n→"dependencies": [\n→→"a==1", // one\n→→// "old==1",\n→→"n==1",\n→→"m==2",\n→],\n}',
    ),
    (
        '{\n "dependencies": [\n  "a==1" // one, two\n  /* more */\n ]}',
        '{\n "dependencies": [\n  "a==1", // one, two\n  /* more */\n  "n==1",\n  "m==2"\n ]}',
    ),
    (
        '{\r\n  "dependencies": [\r\n    "a==1",\r\n\r\n  ]\r\n}',
        '{\r\n  "dependencies": [\r\n    "a==1",\r\n    "n==1",\r\n    "m==2",\r\n\r\n  ]\r\n}',
    ),
    (
        '{\n  "dependencies": ["a==1",\n           "b==2"]\n}',
        '{\n  "dependencies": ["a==1",\n           "b==2",\n           "n==1",\n           "m==2"]\n}',
    ),
    (
        '{\n  "dependencies": [\n    "a==1", "b==2",\n    "c==3", "d==4"\n  ]\n}',
        '{\n  "dependencies": [\n    "a==1", "b==2",\n    "c==3", "d==4",\n    "n==1",\n    "m==2"\n  ]\n}',
    ),
    (
        '{\n    "dependencies": ["a==1", // one\n    ]\n}',
        '{\n    "dependencies": ["a==1", // one\n        "n==1",\n        "m==2",\n    ]\n}',
    ),
    (
        '{\n  "dependencies": [\n    "a==1" // one\n    , // after\n  ]\n}',
        '{\n  "dependencies": [\n    "a==1" // one\n    , // after\n    "n==1",\n    "m==2",\n  ]\n}',
    ),
    # The list is empty.
    ('{"dependencies": []}', '{"dependencies": ["n==1", "m==2"]}'),
    ('{"dependencies": [/* none, yet */]}', '{"dependencies": [/* none, yet */ "n==1", "m==2"]}'),
    ('{\n  "dependencies": []\n}', '{\n  "dependencies": [\n    "n==1",\n    "m==2"\n  ]\n}'),
    ('{\n  "dependencies": [], // x\n}', '{\n  "dependencies": [\n    "n==1",\n    "m==2",\n  ], // x\n}'),
    ('{\n  "dependencies": [\n  ]\n}', '{\n  "dependencies": [\n    "n==1",\n    "m==2"\n  ]\n}'),
    (
        '{\n  "dependencies": [\n      // none,\n  ]\n}',
        '{\n  "dependencies": [\n      // none,\n      "n==1",\n      "m==2"\n  ]\n}',
    ),
    (
        '{\n  "dependencies": [ // none\n  ]\n}',
        '{\n  "dependencies": [ // none\n    "n==1",\n    "m==2"\n  ]\n}',
    ),
    # There is no list.
    ('{"dependencies": null}', '{"dependencies": ["n==1", "m==2"]}'),
    ('{\n→"dependencies": null // x\n}', '{\n→"dependencies": [\n→→"n==1",\n→→"m==2"\n→] // x\n}'),
    ("{}", '{"dependencies": ["n==1", "m==2"]}'),
    ("{ // none\n}", '{ // none\n"dependencies": ["n==1", "m==2"]}'),
    ('{"urls": []}', '{"urls": [], "dependencies": ["n==1", "m==2"]}'),
    ('{"urls":[],}', '{"urls":[], "dependencies":["n==1", "m==2"],}'),
    (
        '{\n  "urls": [] // x\n  // y\n}\n// end',
        '{\n  "urls": [], // x\n  // y\n  "dependencies": [\n    "n==1",\n    "m==2"\n  ]\n}\n// end',
    ),
    (
        '{\n    "urls": [\n        "x",\n    ],\n}',
        '{\n    "urls": [\n        "x",\n    ],\n    "dependencies": [\n        "n==1",\n        "m==2",\n    ],\n}',
    ),
    ('{"urls": []\n}', '{"urls": [],\n  "dependencies": [\n    "n==1",\n    "m==2"\n  ]\n}'),
    ('{"dependencies": [], "urls": []}', '{"dependencies": ["n==1", "m==2"], "urls": []}'),
]


@pytest.mark.parametrize(("text", "edited"), TABLE)
def test_entries_are_added_as_the_text_is_written(text: str, edited: str) -> None:
    assert add_dependencies(text.replace("→", "\t"), NEW) == edited.replace("→", "\t")


def test_nothing_to_add_changes_nothing() -> None:
    assert add_dependencies("no document", []) == "no document"


def test_a_byte_order_mark_stays() -> None:
    assert add_dependencies("\ufeff{}", ["a==1"]) == '\ufeff{"dependencies": ["a==1"]}'


@pytest.mark.parametrize(
    "text", ["", "[]", "5", '{"dependencies": 5}', '{"dependencies": {}}', '{"dependencies": ["a"']
)
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        add_dependencies(text, NEW)


OPENINGS = ["{", "{\n  ", '// a, "b"\n{ /* c */\n\t', "{\r\n "]
BEFORE = ["", '"urls": ["https://x//y,", ], ', '"urls": [],\n  ', '"urls": [] // ,]\n, ']
LISTS = [
    "[]",
    "[ ]",
    "[\n]",
    "[ // [\n]",
    "[ /* ] */ ]",
    '["a==1"]',
    '["a==1", ]',
    '[\n"a==1" /* , */\n, // ,\n"b[,]" // ]\n]',
    '[\n    "a==1", "b==2",\n    ]',
    '["a==1"\n, "b==2"\n]',
    '[ "a==1" // x\n]',
]
ENDINGS = ["}", "\n}", ",}", ' // ,\n, "limits": {},\n}\n// }', ', "limits": {"members": 5}}']


def documents() -> list[str]:
    with_list = [
        f'{opening}{before}"dependencies"{colon}{entries}{ending}'
        for opening, before, entries, ending in itertools.product(OPENINGS, BEFORE, LISTS, ENDINGS)
        for colon in (": ", ":")
    ]
    without = [
        f'{opening}{before}"x": 1{ending}' for opening, before, ending in itertools.product(OPENINGS, BEFORE, ENDINGS)
    ]
    return [*with_list, *without]


def test_only_the_new_entries_are_added() -> None:
    for text in documents():
        before = parse(text).value
        edited = add_dependencies(text, [*NEW, 'q"\\ü'])
        after = parse(edited).value
        assert after.pop("dependencies") == [*before.pop("dependencies", []), *NEW, 'q"\\ü'], edited
        assert json.dumps(after) == json.dumps(before)
        assert is_subsequence(text, edited), edited


def test_adding_twice_is_adding_both() -> None:
    for text in documents():
        once, twice = add_dependencies(text, NEW), add_dependencies(add_dependencies(text, NEW[:1]), NEW[1:])
        assert parse(once).value == parse(twice).value


def is_subsequence(old: str, new: str) -> bool:
    rest = iter(new)
    return all(char in rest for char in old)
