import json

import pytest

from codehost.serve.exports import SEPARATOR, Engine, Exported, layout, sourcegraph

SIX = Exported(
    release_id=3,
    name="python/six/1.16.0",
    version="1.16.0",
    clone_url="https://h/git/python/six/1.16.0.git",
    path="/data/repos/python/six/1.16.0.git",
    page="https://h/python/six/1.16.0",
)
TORCH = Exported(
    release_id=12,
    name="python/torch/2.0+cu118",
    version="2.0+cu118",
    clone_url="file:///d/python/torch/2.0+cu118.git",
    path="/d/python/torch/2.0+cu118.git",
    page=None,
)

WRITTEN = {
    Engine.SOURCEBOT: {
        "connections": {
            "python-six-1-16-0-3": {"type": "git", "url": SIX.clone_url, "revisions": {"tags": ["v1.16.0"]}},
            "python-torch-2-0-cu118-12": {"type": "git", "url": TORCH.clone_url, "revisions": {"tags": ["v2.0+cu118"]}},
        }
    },
    Engine.HOUND: {
        "dbpath": "data",
        "repos": {
            "python/six/1.16.0": {
                "url": SIX.clone_url,
                "vcs": "git",
                "vcs-config": {"ref": "latest"},
                "url-pattern": {
                    "base-url": "https://h/python/six/1.16.0/blob/{rev}/{path}{anchor}",
                    "anchor": "#L{line}",
                },
            },
            "python/torch/2.0+cu118": {"url": TORCH.clone_url, "vcs": "git", "vcs-config": {"ref": "latest"}},
        },
    },
    Engine.LIVEGREP: {
        "name": "codehost",
        "repositories": [
            {
                "path": SIX.path,
                "name": "python/six/1.16.0",
                "revisions": ["v1.16.0"],
                "metadata": {"url_pattern": "https://h/python/six/1.16.0/blob/{version}/{path}#L{lno}"},
            },
            {"path": TORCH.path, "name": "python/torch/2.0+cu118", "revisions": ["v2.0+cu118"]},
        ],
    },
}


@pytest.mark.parametrize("engine", WRITTEN)
def test_what_is_written(engine: Engine) -> None:
    plan = layout(engine)
    text = plan.head + SEPARATOR.join(map(plan.item, [SIX, TORCH])) + plan.tail
    assert json.loads(text) == WRITTEN[engine]
    assert text.endswith("}\n")


@pytest.mark.parametrize("engine", WRITTEN)
def test_nothing_is_valid_too(engine: Engine) -> None:
    plan = layout(engine)
    empty = json.loads(plan.head + plan.tail)
    assert not next(value for value in empty.values() if not isinstance(value, str))


def test_sourcegraph_asks_by_itself() -> None:
    assert json.loads(sourcegraph("https://h/x")) == {"url": "https://h/x", "repos": ["src-serve"]}
