"""Repositories over git's smart HTTP protocol, read only (git's documentation: gitprotocol-http, gitprotocol-v2)."""
