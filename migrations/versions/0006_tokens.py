"""Tokens of the HTTP server."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", ID, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("name", "role", "sha256")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("expires_at", "last_used_at")),
        sa.PrimaryKeyConstraint("id", name="tokens_pkey"),
        sa.UniqueConstraint("name", name="tokens_name_key"),
        sa.UniqueConstraint("sha256", name="tokens_sha256_key"),
        sqlite_autoincrement=True,
    )
