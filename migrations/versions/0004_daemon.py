"""Code hosts that are managed, workers that are seen, mirrors' health, and what upstream says later."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
JSON = sa.JSON(none_as_null=True)
NO = sa.text("false")


def upgrade() -> None:
    for column in (
        sa.Column("source", sa.Text, nullable=False, server_default="sync"),
        sa.Column("paused", sa.Boolean, nullable=False, server_default=NO),
        sa.Column("priority", sa.Integer, nullable=False, server_default="100"),
        sa.Column("applied_sha256", sa.Text),
        sa.Column("applied_at", sa.BigInteger),
        sa.Column("sync_requested_at", sa.BigInteger),
        sa.Column("removal_confirmed_sha256", sa.Text),
        sa.Column("removed_at", sa.BigInteger),
        sa.Column("problem", sa.Text),
    ):
        op.add_column("code_hosts", column)
    op.add_column("jobs", sa.Column("losses", sa.Integer, nullable=False, server_default="0"))
    for column in (
        sa.Column("quarantined", sa.Boolean, nullable=False, server_default=NO),
        sa.Column("gone_at", sa.BigInteger),
        sa.Column("alarm", sa.Text),
    ):
        op.add_column("releases", column)
    op.create_table(
        "secrets",
        sa.Column("code_host_id", ID, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("place", "url", "token")),
        sa.PrimaryKeyConstraint("code_host_id", "place", name="secrets_pkey"),
        sa.ForeignKeyConstraint(
            ["code_host_id"], ["code_hosts.id"], name="secrets_code_host_id_fkey", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "workers",
        *(sa.Column(name, sa.Text, nullable=False) for name in ("owner", "host", "version")),
        sa.Column("pid", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("started_at", "seen_at")),
        sa.Column("stopping", sa.Boolean, nullable=False),
        sa.Column("doing", JSON),
        sa.PrimaryKeyConstraint("owner", name="workers_pkey"),
    )
    op.create_table(
        "circuits",
        sa.Column("code_host_id", ID, nullable=False, autoincrement=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("open_until", sa.BigInteger),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("reason", "message")),
        sa.PrimaryKeyConstraint("code_host_id", "url", name="circuits_pkey"),
        sa.ForeignKeyConstraint(
            ["code_host_id"], ["code_hosts.id"], name="circuits_code_host_id_fkey", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "watches",
        sa.Column("code_host_id", ID, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("project", "mirror", "page_url")),
        *(sa.Column(name, sa.Text) for name in ("etag", "last_modified", "message")),
        sa.Column("looked_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code_host_id", "project", name="watches_pkey"),
        sa.ForeignKeyConstraint(
            ["code_host_id"], ["code_hosts.id"], name="watches_code_host_id_fkey", ondelete="CASCADE"
        ),
    )
    op.create_index("watches_next", "watches", ["code_host_id", "next_at"])
    op.create_index("attempts_finished", "attempts", ["finished_at"])
