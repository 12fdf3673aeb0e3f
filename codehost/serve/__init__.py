"""The HTTP server: git, feed, pages and API."""
