from codehost.config.inspection import Inspection
from codehost.config.surroundings import Unchecked
from codehost.config.violations import Finding


def test_all_places_of_an_inspection_share_what_is_found() -> None:
    root = Inspection(surroundings=Unchecked())
    deep = root.at("urls", 3).at("url")
    deep.report("is wrong", "mend it", at_key=True, first=("urls", 1))
    root.report("is bad", "drop it")
    assert root.findings == [
        Finding(path=("urls", 3, "url"), problem="is wrong", hint="mend it", at_key=True, first=("urls", 1)),
        Finding(path=(), problem="is bad", hint="drop it"),
    ]
