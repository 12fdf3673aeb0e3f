"""The tables. The migrations make the same ones; a test compares the two on both databases.

Times are microseconds since the epoch on the database's clock, sizes are bytes. The state of a release is its job's:
there is one job per release, and one copy of the state.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from codehost.model.jobs import JobState

# SQLite counts rows only in a column declared INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")

_JSON = JSON(none_as_null=True)

metadata = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    }
)

code_hosts = Table(
    "code_hosts",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("document", Text, nullable=False),
    Column("document_sha256", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    # Who keeps the document: "sync" (one sync's file), "hosts" (the commands), "file:<path>" (a watched file).
    Column("source", Text, nullable=False, server_default="sync"),
    Column("paused", Boolean, nullable=False, server_default=false()),
    # The smaller number goes first.
    Column("priority", Integer, nullable=False, server_default="100"),
    # The document that the last plan followed; another one is still to be planned.
    Column("applied_sha256", Text),
    Column("applied_at", BigInteger),
    Column("sync_requested_at", BigInteger),
    # The document whose great removal a person has confirmed.
    Column("removal_confirmed_sha256", Text),
    Column("removed_at", BigInteger),
    # Why the document cannot be followed, as a sentence.
    Column("problem", Text),
    sqlite_autoincrement=True,
)

releases = Table(
    "releases",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("code_host_id", _ID, ForeignKey("code_hosts.id"), nullable=False),
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("pinned_version", Text, nullable=False),
    Column("repository", Text, nullable=False, unique=True),
    Column("wanted", Boolean, nullable=False),
    Column("commit", Text),
    Column("tree", Text),
    Column("mirror", Text),
    Column("page_url", Text),
    Column("file_name", Text),
    Column("file_url", Text),
    Column("final_url", Text),
    Column("sha256", Text),
    Column("hashes", _JSON),
    Column("verified", _JSON),
    Column("size", BigInteger),
    Column("upload_time", Text),
    Column("yanked", Boolean),
    Column("yanked_reason", Text),
    Column("requires_python", Text),
    Column("why", Text),
    Column("asked", _JSON),
    Column("files", BigInteger),
    Column("unpacked_bytes", BigInteger),
    Column("packed_bytes", BigInteger),
    Column("skipped", BigInteger),
    Column("remarks", _JSON),
    # What upstream says since: marked, never deleted.
    Column("quarantined", Boolean, nullable=False, server_default=false()),
    Column("gone_at", BigInteger),
    Column("alarm", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("synced_at", BigInteger),
    Column("retired_at", BigInteger),
    UniqueConstraint("code_host_id", "project", "version"),
    sqlite_autoincrement=True,
)

Index(
    "releases_retired",
    releases.c.code_host_id,
    releases.c.retired_at,
    sqlite_where=releases.c.wanted.is_(False),
    postgresql_where=releases.c.wanted.is_(False),
)

# The alarms, in the order in which they are told.
_ALARMED = releases.c.alarm.is_not(None)
Index(
    "releases_alarmed",
    releases.c.code_host_id,
    releases.c.repository,
    sqlite_where=_ALARMED,
    postgresql_where=_ALARMED,
)

skips = Table(
    "skips",
    metadata,
    Column("release_id", _ID, ForeignKey("releases.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("release_id", _ID, ForeignKey("releases.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("code_host_id", _ID, ForeignKey("code_hosts.id"), nullable=False),
    Column("project", Text, nullable=False),
    Column("state", Text, nullable=False),
    # The smaller number goes first.
    Column("priority", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    # How often in a row a worker went away with the job in hand.
    Column("losses", Integer, nullable=False, server_default="0"),
    # When an errored job may be tried again; without it, only a new plan tries it again.
    Column("not_before", BigInteger),
    Column("owner", Text),
    Column("lease_expires_at", BigInteger),
    Column("epoch", BigInteger, nullable=False),
    Column("reason", Text),
    Column("message", Text),
    Column("queued_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    # Pages of a list; what is not completed.
    Index("jobs_state", "code_host_id", "state", "release_id"),
    # A project's releases, to be claimed together.
    Index("jobs_project", "code_host_id", "project", "state"),
    sqlite_autoincrement=True,
)

for _name, _columns, _state in (
    # Heads of the queue in order.
    ("jobs_queue", (jobs.c.code_host_id, jobs.c.priority, jobs.c.queued_at, jobs.c.id), JobState.QUEUED),
    ("jobs_errored", (jobs.c.code_host_id, jobs.c.not_before), JobState.ERRORED),
    # What failed while the clock was ahead.
    ("jobs_failed", (jobs.c.finished_at,), JobState.ERRORED),
    ("jobs_leases", (jobs.c.code_host_id, jobs.c.lease_expires_at), JobState.PROCESSING),
    ("jobs_owner", (jobs.c.owner,), JobState.PROCESSING),
):
    Index(_name, *_columns, sqlite_where=jobs.c.state == _state.value, postgresql_where=jobs.c.state == _state.value)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("outcome", Text),
    Column("reason", Text),
    Column("transient", Boolean),
    Column("message", Text),
    # How fast the work goes.
    Index("attempts_finished", "finished_at"),
)

ledger = Table(
    "ledger",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("code_host_id", _ID, ForeignKey("code_hosts.id"), nullable=False),
    Column("granted_at", BigInteger, nullable=False),
    Column("tokens", Integer, nullable=False),
    Index("ledger_window", "code_host_id", "granted_at", "tokens"),
    sqlite_autoincrement=True,
)

mirrors = Table(
    "mirrors",
    metadata,
    Column("code_host_id", _ID, ForeignKey("code_hosts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # As the document has it, without user information.
    Column("url", Text, primary_key=True),
    Column("root", Text, nullable=False),
    # The address whose answer proved the root.
    Column("witness", Text, nullable=False),
    Column("found_at", BigInteger, nullable=False),
)

# What stands in place of REDACTED in a stored document, encrypted.
secrets = Table(
    "secrets",
    metadata,
    Column("code_host_id", _ID, ForeignKey("code_hosts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # The JSON pointer to the value, and the URL that the value belongs to.
    Column("place", Text, primary_key=True),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("stopping", Boolean, nullable=False),
    # What it does and waits for, for people to read.
    Column("doing", _JSON),
)

# Who may use the HTTP server. What is kept of a token is what it hashes to.
tokens = Table(
    "tokens",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("sha256", Text, nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("last_used_at", BigInteger),
    sqlite_autoincrement=True,
)

# Mirrors that failed of late. Without ``open_until`` they are still asked.
circuits = Table(
    "circuits",
    metadata,
    Column("code_host_id", _ID, ForeignKey("code_hosts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("url", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("open_until", BigInteger),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
)

# When each synced project's page was looked at last, and is to be looked at next.
watches = Table(
    "watches",
    metadata,
    Column("code_host_id", _ID, ForeignKey("code_hosts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("project", Text, primary_key=True),
    Column("mirror", Text, nullable=False),
    Column("page_url", Text, nullable=False),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("message", Text),
    Column("looked_at", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Index("watches_next", "code_host_id", "next_at"),
    # Looks that were recorded while the clock was ahead; what has been well since a moment.
    Index("watches_looked", "code_host_id", "looked_at"),
)

# How many releases a code host has of each kind; kept by triggers on ``jobs`` and ``releases`` (``record.tallies``).
tallies = Table(
    "tallies",
    metadata,
    Column("code_host_id", _ID, ForeignKey("code_hosts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # A state of wanted releases' jobs, with its reason where it has one; or a word of ``record.tallies``.
    Column("kind", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    # Each connection counts in rows of its own, so that none waits for another: the sum counts.
    Column("writer", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

# No foreign keys: the feed outlives what it tells of.
changes = Table(
    "changes",
    metadata,
    Column("sequence", _ID, primary_key=True, autoincrement=False),
    Column("code_host_id", BigInteger, nullable=False),
    Column("repository", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("commit", Text),
    Column("at", BigInteger, nullable=False),
    # The code host's name. It may be another one's later.
    Column("code_host", Text, nullable=False, server_default=""),
    # The entries of one code host; those that a newer one of the same repository supersedes.
    Index("changes_host", "code_host", "sequence"),
    Index("changes_repository", "repository", "code_host", "sequence"),
)

counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# The counter that numbers the feed's entries; the first migration sets it to 0.
CHANGES_COUNTER = "changes"
# The number that tells this feed from every other, and the last entry that has dropped what it supersedes.
FEED_IDENTITY = "feed"
FEED_SETTLED = "feed-settled"
