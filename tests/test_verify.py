import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from codehost.model.errors import UserError
from codehost.model.jobs import JobState
from codehost.model.records import ChangeKind
from codehost.record.database import open_database
from codehost.record.hosts import CodeHosts
from codehost.terminal.commits import last_commit
from codehost.verify import Defect, Verification, Verifier
from tests.record.helpers import feed_of
from tests.simulator.mirror import Mirror
from tests.wiring import Bench, add_sdist, bench, published_repositories, remains

SIX, ATTRS = "python/six/1.0", "python/attrs/2.0"


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Bench]:
    """Two releases, synced."""
    pins = ["six==1.0", "attrs==2.0"]
    async with Mirror() as mirror, open_database(None, tmp_path) as database:
        for pin in pins:
            add_sdist(mirror, pin)
        async with bench(database, tmp_path, mirror, pins) as made:
            await made.worker().run(asyncio.Event())
            yield made


def verifier(parts: Bench) -> Verifier:
    return Verifier(
        data=parts.data,
        hosts=CodeHosts(parts.database),
        jobs=parts.jobs,
        releases=parts.releases,
        reports=parts.reports,
    )


async def verify(parts: Bench) -> Verification:
    return await verifier(parts).run(lambda _: None)


async def test_sound_repositories(parts: Bench) -> None:
    names: list[str] = []
    verification = await verifier(parts).run(names.append)
    assert (verification.checked, verification.findings) == (2, ())
    assert sorted(names) == [ATTRS, SIX]


async def test_retired_repositories_are_checked_and_no_strays(parts: Bench) -> None:
    await parts.sync("six==1.0").run(asyncio.Event(), prune=False)
    verification = await verify(parts)
    assert (verification.checked, verification.findings) == (2, ())


def in_pack(suffix: str, change: Callable[[Path], object]) -> Callable[[Path], object]:
    """A change of the file in the pack directory that ends so."""

    def apply(repository: Path) -> None:
        (path,) = repository.glob(f"objects/pack/*{suffix}")
        path.chmod(0o644)
        change(path)

    return apply


def flip(offset: int) -> Callable[[Path], object]:
    def apply(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[offset] ^= 0xFF
        path.write_bytes(content)

    return apply


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def rewrite(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda repository: (repository / name).write_bytes(content)


def drop(name: str) -> Callable[[Path], object]:
    return lambda repository: (repository / name).unlink()


def as_file(repository: Path) -> None:
    shutil.rmtree(repository)
    repository.touch()


def as_link(repository: Path) -> None:
    shutil.rmtree(repository)
    repository.symlink_to("nowhere")


@pytest.mark.parametrize(
    ("damage", "defect"),
    [
        pytest.param(shutil.rmtree, Defect.MISSING, id="gone"),
        pytest.param(as_file, Defect.MISSING, id="a file in its place"),
        pytest.param(as_link, Defect.MISSING, id="a dangling link in its place"),
        pytest.param(lambda path: shutil.rmtree(path / "objects"), Defect.DAMAGED, id="no objects"),
        pytest.param(lambda path: (path / "refs").rmdir(), Defect.DAMAGED, id="no refs"),
        pytest.param(drop("HEAD"), Defect.DAMAGED, id="no HEAD"),
        pytest.param(rewrite("HEAD", b""), Defect.DAMAGED, id="empty HEAD"),
        pytest.param(rewrite("HEAD", b"ref: refs/heads/other\n"), Defect.DAMAGED, id="HEAD elsewhere"),
        pytest.param(drop("packed-refs"), Defect.DAMAGED, id="no packed-refs"),
        pytest.param(rewrite("packed-refs", b"\0\xff\n"), Defect.DAMAGED, id="wild packed-refs"),
        pytest.param(rewrite("config", b"\0\xff[\n"), Defect.DAMAGED, id="wild config"),
        pytest.param(in_pack(".pack", cut), Defect.DAMAGED, id="half a pack"),
        pytest.param(in_pack(".pack", flip(14)), Defect.DAMAGED, id="a byte of an object"),
        pytest.param(in_pack(".pack", flip(-1)), Defect.DAMAGED, id="a byte of the pack's checksum"),
        pytest.param(in_pack(".pack", Path.unlink), Defect.DAMAGED, id="no pack"),
        pytest.param(in_pack(".idx", cut), Defect.DAMAGED, id="half an index"),
        pytest.param(in_pack(".idx", flip(-1)), Defect.DAMAGED, id="a byte of the index's checksum"),
        pytest.param(in_pack(".idx", Path.unlink), Defect.DAMAGED, id="no index"),
    ],
)
async def test_finds_and_repairs(parts: Bench, damage: Callable[[Path], object], defect: Defect) -> None:
    damage(parts.data.repository(SIX))
    (finding,) = (await verify(parts)).findings
    assert (finding.repository, finding.defect) == (SIX, defect)
    assert finding.what
    assert not any(piece in finding.what for piece in ("\n", "stderr", "'"))
    await verifier(parts).repair([finding])
    counts = await parts.reports.counts(parts.code_host_id)
    assert (counts[JobState.QUEUED], counts[JobState.COMPLETED]) == (1, 1)
    assert published_repositories(parts.data) == [f"{ATTRS}.git"]
    await parts.sync().run(asyncio.Event(), prune=False)
    assert (await verify(parts)).findings == ()
    assert remains(parts.data) == []
    # Whoever follows the feed hears that it was away, and that it is back.
    told = [change.kind for change in await feed_of(parts.database) if change.repository == SIX]
    assert told == [ChangeKind.CREATED, ChangeKind.REMOVED, ChangeKind.CREATED]


async def test_another_sound_commit_is_the_wrong_one(parts: Bench) -> None:
    shutil.rmtree(parts.data.repository(SIX))
    shutil.copytree(parts.data.repository(ATTRS), parts.data.repository(SIX))
    refs = parts.data.repository(SIX) / "packed-refs"
    refs.write_text(refs.read_text().replace("v2.0", "v1.0"))
    (finding,) = (await verify(parts)).findings
    assert (finding.repository, finding.defect) == (SIX, Defect.WRONG_COMMIT)
    assert finding.what.startswith("latest is ")


async def test_strays_are_found_and_removed(parts: Bench) -> None:
    shutil.copytree(parts.data.repository(SIX), parts.data.repository("python/six/9.9"))
    shutil.copytree(parts.data.repository(SIX), parts.data.repository("elsewhere/six"))
    findings = (await verify(parts)).findings
    assert [(finding.repository, finding.defect, finding.release_id) for finding in findings] == [
        ("elsewhere/six", Defect.STRAY, None),
        ("python/six/9.9", Defect.STRAY, None),
    ]
    await verifier(parts).repair(findings)
    assert published_repositories(parts.data) == [f"{ATTRS}.git", f"{SIX}.git"]
    assert not (parts.data.repositories / "elsewhere").exists()


async def test_what_a_crash_left_unrecorded_is_a_stray(parts: Bench) -> None:
    details = await parts.reports.details(SIX)
    assert details is not None
    await parts.jobs.requeue([details.release_id])
    await parts.claim()
    (finding,) = (await verify(parts)).findings
    assert (finding.repository, finding.defect) == (SIX, Defect.STRAY)


async def test_repositories_of_another_user_are_sound(parts: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # git's own switch for its tests: as if everything belonged to somebody else.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert (await verify(parts)).findings == ()
    assert last_commit(parts.data.repository(SIX)) is not None


async def test_an_unsound_retired_repository_is_taken_away_and_not_made_again(parts: Bench) -> None:
    await parts.sync("six==1.0").run(asyncio.Event(), prune=False)
    shutil.rmtree(parts.data.repository(ATTRS))
    verification = await verify(parts)
    assert [(finding.repository, finding.defect) for finding in verification.findings] == [(ATTRS, Defect.MISSING)]
    await verifier(parts).repair(verification.findings)
    assert await parts.claim() == []
    assert (await verify(parts)).findings == ()


async def test_what_cannot_be_looked_at_is_no_defect(parts: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_files(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("codehost.verify.Repo", out_of_files)
    with pytest.raises(UserError, match=r"could not be checked \(Too many open files\)"):
        await verify(parts)
