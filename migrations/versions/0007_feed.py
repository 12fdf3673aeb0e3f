"""The feed for consumers outside: whose entry it is by name, which feed it is, and how far it is settled."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# An entry outlives its code host. Of one that is forgotten already, nobody knows the name any more.
NAMED = """
    UPDATE changes SET code_host = coalesce((SELECT name FROM code_hosts WHERE id = changes.code_host_id), '')
"""


def upgrade() -> None:
    op.add_column("changes", sa.Column("code_host", sa.Text, nullable=False, server_default=""))
    op.execute(NAMED)
    op.create_index("changes_host", "changes", ["code_host", "sequence"])
    op.create_index("changes_repository", "changes", ["repository", "code_host", "sequence"])
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))
    rows = [{"name": "feed", "value": secrets.randbits(63)}, {"name": "feed-settled", "value": 0}]
    op.bulk_insert(counters, rows)
