"""Lease, pipeline, finish; and a graceful stop."""
