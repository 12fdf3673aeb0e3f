import random

import pytest

from codehost.search.query.trigrams import MOST_TRIGRAMS, too_many_trigrams


def _every_trigram() -> str:
    """Every trigram of so many letters, each once: a de Bruijn sequence, made greedily."""
    letters = [chr(number) for number in range(33, 33 + 28)]
    text = letters[0] * 2
    seen: set[str] = set()
    while True:
        letter = next((letter for letter in reversed(letters) if text[-2:] + letter not in seen), None)
        if letter is None:
            return text
        seen.add(text[-2:] + letter)
        text += letter


EVERY = _every_trigram()
JUST = EVERY[: MOST_TRIGRAMS + 2]
ACCENTS = {33: "é", 34: "ß", 35: "€", 36: "ł"}
EMOJI = {33: "😀", 34: "🎉"}
MANY = {number: chr(0x4E00 + number) for number in range(256)}


@pytest.mark.parametrize("letters", [{}, ACCENTS, EMOJI, MANY])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (JUST, False),
        (JUST + JUST[-3:-2], True),
        (JUST * 3, True),
        (EVERY[: MOST_TRIGRAMS + 3], True),
        (EVERY, True),
        ("the same line again\n" * 5_000, False),
        (JUST[:10_000] * 20, False),
    ],
)
def test_at_the_bound(text: str, letters: dict[int, str], *, expected: bool) -> None:
    text = text.translate(letters)
    assert (len(_plainly(text)) > MOST_TRIGRAMS) is expected, "the table is right"
    assert too_many_trigrams(text.encode()) is expected


@pytest.mark.parametrize("alphabet", [60, 95, 255, 300, 3_000])
def test_as_counted_plainly(alphabet: int) -> None:
    chance = random.Random(alphabet)
    for length in (20_003, 24_577, 60_000):
        few = chance.randrange(27, alphabet)
        text = "".join(chr(32 + int(few * chance.random() ** 4)) for _ in range(length))
        assert too_many_trigrams(text.encode()) is (len(_plainly(text)) > MOST_TRIGRAMS)


def _plainly(text: str) -> set[tuple[str, str, str]]:
    return set(zip(text, text[1:], text[2:], strict=False))


def test_what_was_counted_is_remembered_by_its_blob() -> None:
    assert too_many_trigrams(EVERY.encode(), b"one")
    assert too_many_trigrams(b"x" * 30_000, b"one"), "it was not counted again"
    assert not too_many_trigrams(b"x" * 30_000, b"other")
    assert not too_many_trigrams(b"x", b"one"), "what is small needs no memory"
    assert too_many_trigrams(EVERY.encode())
    assert not too_many_trigrams(b"x" * 30_000), "without a name, nothing is remembered"
