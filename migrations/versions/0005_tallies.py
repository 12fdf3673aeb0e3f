"""Counts that are kept instead of counted, and indexes that stay small while the tables grow.

A job in the state S of a wanted release counts as (S, its reason), and as ("retrying", "") besides while it is errored
and has a moment for the next try. A wanted release counts for each of its marks, one that is not wanted as
("retired", ""). Whoever changes a row of ``jobs`` or ``releases`` changes the counts in the same transaction, because
triggers do it. On PostgreSQL every connection counts in rows of its own (``writer``): transactions that count at the
same time neither wait for each other nor can they deadlock.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# The kinds and reasons of a row {j} of jobs, of a wanted release; those of a row {r} of releases.
OF_JOB = """
    SELECT {j}.code_host_id AS code_host_id, {j}.state AS kind,
      CASE WHEN {j}.state IN ('errored', 'failed') THEN coalesce({j}.reason, '') ELSE '' END AS reason {rest}
    UNION ALL SELECT {j}.code_host_id, 'retrying', '' {rest} AND {j}.state = 'errored' AND {j}.not_before IS NOT NULL
"""
MARKS = {
    "yanked": "{r}.yanked",
    "quarantined": "{r}.quarantined",
    "gone": "{r}.gone_at IS NOT NULL",
    "alarmed": "{r}.alarm IS NOT NULL",
}
OF_RELEASE = """
    SELECT {r}.code_host_id AS code_host_id, 'retired' AS kind, '' AS reason {rest} AND NOT {r}.wanted
""" + "".join(
    f" UNION ALL SELECT {{r}}.code_host_id, '{mark}', '' {{rest}} AND {{r}}.wanted AND {met}"
    for mark, met in MARKS.items()
)

KEEP = """
  INSERT INTO tallies (code_host_id, kind, reason, writer, number)
  SELECT code_host_id, kind, reason, {writer}, sum(number) FROM ({counted}) AS counted
  WHERE true GROUP BY code_host_id, kind, reason HAVING sum(number) <> 0
  ON CONFLICT (code_host_id, kind, reason, writer) DO UPDATE SET number = tallies.number + excluded.number;
"""

PLPGSQL = "CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"


def upgrade() -> None:
    _indexes()
    op.create_table(
        "tallies",
        sa.Column("code_host_id", ID, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "reason")),
        sa.Column("writer", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code_host_id", "kind", "reason", "writer", name="tallies_pkey"),
        sa.ForeignKeyConstraint(
            ["code_host_id"], ["code_hosts.id"], name="tallies_code_host_id_fkey", ondelete="CASCADE"
        ),
    )
    _count_all()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _indexes() -> None:
    op.drop_index("releases_retired", "releases")
    unwanted = sa.column("wanted").is_(sa.false())
    columns = ["code_host_id", "retired_at"]
    op.create_index("releases_retired", "releases", columns, sqlite_where=unwanted, postgresql_where=unwanted)
    op.drop_index("jobs_queue", "jobs")
    queued = sa.text("state = 'queued'")
    columns = ["code_host_id", "priority", "queued_at", "id"]
    op.create_index("jobs_queue", "jobs", columns, sqlite_where=queued, postgresql_where=queued)
    alarmed = sa.column("alarm").is_not(None)
    columns = ["code_host_id", "repository"]
    op.create_index("releases_alarmed", "releases", columns, sqlite_where=alarmed, postgresql_where=alarmed)
    errored = sa.text("state = 'errored'")
    op.create_index("jobs_failed", "jobs", ["finished_at"], sqlite_where=errored, postgresql_where=errored)
    op.create_index("jobs_state", "jobs", ["code_host_id", "state", "release_id"])
    op.create_index("watches_looked", "watches", ["code_host_id", "looked_at"])


def _counted(template: str, name: str, sign: int, rest: str) -> str:
    """What rows count, with the sign; ``rest`` is the FROM and WHERE, or only the WHERE."""
    rows = template.format(j=name, r=name, rest=rest)
    # Everything in it stands in this file.
    return f"SELECT code_host_id, kind, reason, {sign} AS number FROM ({rows}) AS x"  # noqa: S608 - see above


def _count_all() -> None:
    of_jobs = _counted(OF_JOB, "j", 1, "FROM jobs j JOIN releases w ON w.id = j.release_id WHERE w.wanted")
    of_releases = _counted(OF_RELEASE, "r", 1, "FROM releases r WHERE true")
    op.execute(KEEP.format(writer=0, counted=f"{of_jobs} UNION ALL {of_releases}"))


def _postgresql() -> None:
    def keep(*counted: str) -> str:
        return KEEP.format(writer="pg_backend_pid()", counted=" UNION ALL ".join(counted))

    def job(table: str, sign: int) -> str:
        rest = f"FROM {table} j JOIN releases w ON w.id = j.release_id WHERE w.wanted"
        return _counted(OF_JOB, "j", sign, rest)

    def release(table: str, sign: int) -> str:
        with_job = f"FROM {table} r JOIN jobs j ON j.release_id = r.id WHERE r.wanted"
        return f"{_counted(OF_RELEASE, 'r', sign, f'FROM {table} r WHERE true')} UNION ALL " + _counted(
            OF_JOB, "j", sign, with_job
        )

    for table, counted in (("jobs", job), ("releases", release)):
        for event, body, tables in (
            ("insert", keep(counted("newer", 1)), "NEW TABLE AS newer"),
            ("delete", keep(counted("older", -1)), "OLD TABLE AS older"),
            ("update", keep(counted("older", -1), counted("newer", 1)), "OLD TABLE AS older NEW TABLE AS newer"),
        ):
            name = f"tally_{table}_{event}"
            op.execute(PLPGSQL.format(name=name, body=body))
            op.execute(
                f"CREATE TRIGGER {name} AFTER {event.upper()} ON {table}"
                f" REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
            )


def _sqlite() -> None:
    def job(name: str, sign: int) -> str:
        wanted = f"WHERE EXISTS (SELECT 1 FROM releases WHERE id = {name}.release_id AND wanted)"  # noqa: S608 - likewise
        return _counted(OF_JOB, name, sign, wanted)

    def release(name: str, sign: int) -> str:
        of_its_job = _counted(OF_JOB, "j", sign, f"FROM jobs j WHERE j.release_id = {name}.id AND {name}.wanted")
        return f"{_counted(OF_RELEASE, name, sign, 'WHERE true')} UNION ALL {of_its_job}"

    for table, counted, columns in (
        ("jobs", job, "state, reason, not_before"),
        ("releases", release, "wanted, yanked, quarantined, gone_at, alarm"),
    ):
        for event, on, rows in (
            ("insert", "INSERT", (("new", 1),)),
            ("delete", "DELETE", (("old", -1),)),
            ("update", f"UPDATE OF {columns}", (("old", -1), ("new", 1))),
        ):
            # SQLite runs it for each row, and rarely has it anything to do: most updates change no count.
            name = f"tally_{table}_{event}"
            body = KEEP.format(writer=0, counted=" UNION ALL ".join(counted(*row) for row in rows))
            op.execute(f"CREATE TRIGGER {name} AFTER {on} ON {table} BEGIN {body} END")
