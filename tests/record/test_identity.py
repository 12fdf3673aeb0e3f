from codehost.record.database import Database
from codehost.record.identity import Identity, new_number


async def test_remembers_one_number(database: Database) -> None:
    identity = Identity(database)
    assert await identity.read() is None
    for number in (new_number(), new_number()):
        await identity.write(number)
        assert await identity.read() == number


def test_numbers_differ_and_fit_a_column() -> None:
    numbers = {new_number() for _ in range(100)}
    assert len(numbers) == 100
    assert all(0 <= number < 1 << 63 for number in numbers)
