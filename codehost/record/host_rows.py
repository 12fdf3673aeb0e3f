"""The statements that make a row of ``code_hosts``, or bring one back."""

from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlalchemy.dialects import postgresql, sqlite

from codehost.model.records import Source
from codehost.record.clock import clock
from codehost.record.tables import code_hosts
from codehost.record.urls import SQLITE

# What a code host has that was just made, or made again.
NEW: dict[str, Any] = {
    "paused": False,
    "applied_sha256": None,
    "applied_at": None,
    "sync_requested_at": None,
    "removal_confirmed_sha256": None,
    "removed_at": None,
    "problem": None,
}


def create_or_revive(dialect: str, name: str, document: str, digest: str, *, source: str, priority: int) -> Any:
    """Make it, or bring it back where it is being removed; gives the id, and nothing where there is one already."""
    values = {
        **NEW,
        "document": document,
        "document_sha256": digest,
        "updated_at": clock(),
        "source": source,
        "priority": priority,
    }
    return _on_conflict(dialect, name, values, code_hosts.c.removed_at.is_not(None))


def save_of_sync(dialect: str, name: str, document: str, digest: str) -> Any:
    """Make or renew the code host of one sync; gives the id, and nothing where somebody else keeps it."""
    values = {
        "document": document,
        "document_sha256": digest,
        "updated_at": clock(),
        "source": Source.SYNC.value,
        "removed_at": None,
        "problem": None,
    }
    mine = or_(code_hosts.c.source == Source.SYNC.value, code_hosts.c.removed_at.is_not(None))
    return _on_conflict(dialect, name, values, mine)


def _on_conflict(dialect: str, name: str, values: dict[str, Any], condition: ColumnElement[bool]) -> Any:
    insert = sqlite.insert if dialect == SQLITE else postgresql.insert
    return (
        insert(code_hosts)
        .values(name=name, created_at=clock(), **values)
        .on_conflict_do_update(index_elements=["name"], set_=values, where=condition)
        .returning(code_hosts.c.id)
    )
