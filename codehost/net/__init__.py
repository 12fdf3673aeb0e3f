"""Requests to mirrors: the fetcher, origins and credentials, the pacer."""
