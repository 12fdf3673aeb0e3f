"""Sync state in SQL: code hosts, releases, jobs, ledger, changes."""
