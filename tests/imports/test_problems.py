from codehost.imports.problems import ImportFileError, UnknownFormatError
from codehost.model.errors import UserError


def test_a_problem_is_one_sentence() -> None:
    error = ImportFileError("a\x1bb.lock", "is no valid TOML", "make it again")
    assert str(error) == r"a\x1bb.lock is no valid TOML; make it again."
    assert isinstance(error, UserError)


def test_an_unknown_format_names_the_known_ones() -> None:
    error = UnknownFormatError("x.yml", ("uv.lock", "poetry.lock", "pdm.lock"))
    assert str(error) == "x.yml is in no format that codehost understands; it reads uv.lock, poetry.lock and pdm.lock."
