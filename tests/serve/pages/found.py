"""What an engine has found, for tests of the search page."""

from codehost.model.searching import Engine, FileHits, LineHit, RepositoryHits, Searched, Span

COMMIT = "0123456789" * 4


def hit(
    number: int, text: str, *spans: tuple[int, int], before: tuple[str, ...] = (), after: tuple[str, ...] = ()
) -> LineHit:
    return LineHit(
        number=number,
        text=text,
        spans=tuple(Span(start=start, end=end) for start, end in spans),
        before=before,
        after=after,
    )


def found(*files: FileHits, project: str = "six", version: str = "1.0") -> RepositoryHits:
    return RepositoryHits(
        release_id=7,
        repository=f"python/{project}/{version}",
        code_host="h",
        project=project,
        version=version,
        commit=COMMIT,
        files=files,
    )


def searched(files: int, lines: int, why: str | None = None) -> Searched:
    return Searched(
        engine=Engine.SCAN, seconds=0.5, repositories=2, in_scope=3, files=files, lines=lines, why_incomplete=why
    )
