"""Where each mirror's simple API was found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "mirrors",
        sa.Column("code_host_id", ID, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("url", "root", "witness")),
        sa.Column("found_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code_host_id", "url", name="mirrors_pkey"),
        sa.ForeignKeyConstraint(
            ["code_host_id"], ["code_hosts.id"], name="mirrors_code_host_id_fkey", ondelete="CASCADE"
        ),
    )
