"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _code_hosts()
    _releases()
    _skips()
    _jobs()
    _attempts()
    _ledger()
    _changes()


def _code_hosts() -> None:
    op.create_table(
        "code_hosts",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("document_sha256", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="code_hosts_pkey"),
        sa.UniqueConstraint("name", name="code_hosts_name_key"),
        sqlite_autoincrement=True,
    )


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("id", ID, nullable=False),
        sa.Column("code_host_id", ID, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("project", "version", "pinned_version", "repository")),
        sa.Column("wanted", sa.Boolean, nullable=False),
        *(
            sa.Column(name, sa.Text)
            for name in ("commit", "tree", "mirror", "page_url", "file_name", "file_url", "final_url", "sha256")
        ),
        sa.Column("hashes", sa.JSON),
        sa.Column("verified", sa.JSON),
        sa.Column("size", sa.BigInteger),
        sa.Column("upload_time", sa.Text),
        sa.Column("yanked", sa.Boolean),
        *(sa.Column(name, sa.Text) for name in ("yanked_reason", "requires_python", "why")),
        sa.Column("asked", sa.JSON),
        *(sa.Column(name, sa.BigInteger) for name in ("files", "unpacked_bytes", "packed_bytes", "skipped")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("synced_at", "retired_at")),
        sa.PrimaryKeyConstraint("id", name="releases_pkey"),
        sa.ForeignKeyConstraint(["code_host_id"], ["code_hosts.id"], name="releases_code_host_id_fkey"),
        sa.UniqueConstraint("repository", name="releases_repository_key"),
        sa.UniqueConstraint("code_host_id", "project", "version", name="releases_code_host_id_project_version_key"),
        sqlite_autoincrement=True,
    )
    unwanted = sa.column("wanted").is_(sa.false())
    op.create_index("releases_retired", "releases", ["code_host_id"], sqlite_where=unwanted, postgresql_where=unwanted)


def _skips() -> None:
    op.create_table(
        "skips",
        sa.Column("release_id", ID, nullable=False, autoincrement=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("release_id", "position", name="skips_pkey"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="skips_release_id_fkey", ondelete="CASCADE"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("release_id", ID, nullable=False),
        sa.Column("code_host_id", ID, nullable=False),
        sa.Column("project", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("owner", sa.Text),
        sa.Column("lease_expires_at", sa.BigInteger),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("message", sa.Text),
        sa.Column("queued_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("finished_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="jobs_pkey"),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name="jobs_release_id_fkey", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["code_host_id"], ["code_hosts.id"], name="jobs_code_host_id_fkey"),
        sa.UniqueConstraint("release_id", name="jobs_release_id_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("jobs_queue", "jobs", ["code_host_id", "state", "priority", "queued_at", "id"])
    op.create_index("jobs_project", "jobs", ["code_host_id", "project", "state"])
    errored = sa.text("state = 'errored'")
    op.create_index(
        "jobs_errored", "jobs", ["code_host_id", "not_before"], sqlite_where=errored, postgresql_where=errored
    )
    leased = sa.text("state = 'processing'")
    op.create_index(
        "jobs_leases", "jobs", ["code_host_id", "lease_expires_at"], sqlite_where=leased, postgresql_where=leased
    )
    op.create_index("jobs_owner", "jobs", ["owner"], sqlite_where=leased, postgresql_where=leased)


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("job_id", ID, nullable=False, autoincrement=False),
        sa.Column("epoch", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("outcome", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("transient", sa.Boolean),
        sa.Column("message", sa.Text),
        sa.PrimaryKeyConstraint("job_id", "epoch", name="attempts_pkey"),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="attempts_job_id_fkey", ondelete="CASCADE"),
    )


def _ledger() -> None:
    op.create_table(
        "ledger",
        sa.Column("id", ID, nullable=False),
        sa.Column("code_host_id", ID, nullable=False),
        sa.Column("granted_at", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="ledger_pkey"),
        sa.ForeignKeyConstraint(["code_host_id"], ["code_hosts.id"], name="ledger_code_host_id_fkey"),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_window", "ledger", ["code_host_id", "granted_at", "tokens"])


def _changes() -> None:
    op.create_table(
        "changes",
        sa.Column("sequence", ID, nullable=False, autoincrement=False),
        sa.Column("code_host_id", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("repository", "project", "version", "kind")),
        sa.Column("commit", sa.Text),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="changes_pkey"),
    )
    counters = op.create_table(
        "counters",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="counters_pkey"),
    )
    op.bulk_insert(counters, [{"name": "changes", "value": 0}])
